//! Why a module cannot be loaded, each in a sentence that says what Envoy does with such a module.

use thiserror::Error;

/// Why a module cannot be loaded.
#[derive(Debug, Error)]
#[error("`{file}` {why}")]
pub(crate) struct LoadError {
    /// The module's file.
    pub(crate) file: String,
    /// What is wrong with it.
    pub(crate) why: Box<Refusal>,
}

/// See [`LoadError`]. Each message continues the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The bytes are something else.
    #[error("is not a WebAssembly module: it does not begin as one")]
    NotWasm,
    /// A module in the wrapping of another standard.
    #[error(
        "is a WebAssembly component; Envoy loads core modules only (build for wasm32-wasip1, not for wasm32-wasip2)"
    )]
    Component,
    /// Broken, or made of instructions that are not accepted (rule K5).
    #[error("is not a WebAssembly module that Envoy can compile: {0}")]
    Invalid(String),
    /// Rule V1.
    #[error(
        "is not a Proxy-Wasm module: it exports none of the functions `proxy_abi_version_0_1_0`, `proxy_abi_version_0_2_0` and `proxy_abi_version_0_2_1`; Envoy refuses it too (missing or unknown Proxy-Wasm ABI version)"
    )]
    NoAbi,
    /// Rule V2.
    #[error(
        "exports neither `malloc` nor `proxy_on_memory_allocate`, so the host cannot hand it any bytes; Envoy refuses it too (missing malloc function)"
    )]
    NoAllocator,
    /// Rule V5.
    #[error(
        "has no memory, neither its own exported nor an imported one; Envoy crashes on such a module"
    )]
    NoMemory,
    /// A memory that threads could share, which the ABI has no use for.
    #[error(
        "has a shared memory for the host to read and write, which host-runner does not offer; Envoy takes it"
    )]
    SharedMemory,
    /// Rule V8.
    #[error("starts with a memory of {pages} pages; Envoy refuses more than 16384 (1 GiB)")]
    MemoryTooLarge {
        /// Its initial size.
        pages: u64,
    },
    /// What V8 allows.
    #[error("starts with a table of {elements} elements; Envoy refuses more than 10000000")]
    TableTooLarge {
        /// Its initial size.
        elements: u64,
    },
    /// Rule V3.
    #[error("imports `{0}`, which Envoy does not have; it refuses the module (missing import)")]
    UnknownImport(String),
    /// Rule V3.
    #[error(
        "imports `{0}`, which is not a function, a memory or a table; Envoy refuses such a module (missing import)"
    )]
    ImportKind(String),
    /// Rule V7.
    #[error(
        "says that it is of ABI {abi} and imports `{import}`, which only ABI {others} has; Envoy refuses it (missing import)"
    )]
    OtherVersion {
        /// `module.name` of the import.
        import: String,
        /// The version that its marker says.
        abi: &'static str,
        /// The versions that have the import.
        others: String,
    },
    /// Rule V3.
    #[error(
        "imports `{import}` as {wanted}, but Envoy has it as {offered}; it refuses the module (import type mismatch)"
    )]
    ImportType {
        /// `module.name` of the import.
        import: String,
        /// The module's type.
        wanted: String,
        /// The host's type.
        offered: String,
    },
    /// Rule W1: the same, for the two that no module can import as the standard has them.
    #[error(
        "imports `{import}`, which Envoy 1.40 has with one parameter too few; it refuses the module (import type mismatch), so build without what uses it"
    )]
    OneTooFew {
        /// `module.name` of the import.
        import: String,
    },
    /// Rule V4.
    #[error(
        "exports `{export}` as {found}, but Envoy calls it as {wanted}; it refuses the module (bad function signature)"
    )]
    CallbackType {
        /// The name of the export.
        export: String,
        /// The module's type.
        found: String,
        /// The ABI's type.
        wanted: String,
    },
    /// Another host than Envoy is played.
    #[error("imports `{import}`, which {profile} refuses: {why}")]
    Profile {
        /// `module.name` of the import.
        import: String,
        /// The host.
        profile: &'static str,
        /// What it lacks.
        why: &'static str,
    },
    /// An imported memory or table that the host cannot create.
    #[error("imports `{import}`, which cannot be created: {why}")]
    Uncreatable {
        /// `module.name` of the import.
        import: String,
        /// What the engine says.
        why: String,
    },
}
