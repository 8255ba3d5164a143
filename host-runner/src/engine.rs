//! Loading modules: compile, check what Envoy checks, refuse in one sentence what Envoy would refuse.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use wasmtime::{
    Config, Engine as WasmEngine, Extern, ExternType, InstancePre, Linker, Module as WasmModule,
    Store,
};

use crate::host::vm::VmState;
use crate::hostcalls;
use crate::listener::ModuleFile;

/// Compiles each module once per process and checks its imports once.
pub(crate) struct Engine {
    wasm: WasmEngine,
    linker: Linker<VmState>,
    loaded: Mutex<HashMap<String, Arc<Module>>>,
}

/// A compiled module, ready to become VMs.
pub(crate) struct Module {
    pub(crate) instance: InstancePre<VmState>,
    pub(crate) file: ModuleFile,
}

/// Why a module cannot be loaded.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The bytes are not WebAssembly.
    #[error("`{0}` is not a WebAssembly module: {1}")]
    NotWasm(String, String),
    /// Rule V1.
    #[error(
        "`{0}` is not a Proxy-Wasm module: it exports none of `proxy_abi_version_0_2_0` and `proxy_abi_version_0_2_1`"
    )]
    NoAbi(String),
    /// Rule V1; the first marker in export order decides.
    #[error(
        "`{0}` is for Proxy-Wasm 0.1.0, which host-runner does not support yet; 0.2.0 and 0.2.1 are supported"
    )]
    OldAbi(String),
    /// Rule V2.
    #[error(
        "`{0}` exports neither `malloc` nor `proxy_on_memory_allocate`, so the host cannot hand it any bytes"
    )]
    NoAllocator(String),
    /// Rule V5.
    #[error("`{0}` has no memory named `memory`; Envoy crashes on such a module")]
    NoMemory(String),
    /// Rules V3, V7.
    #[error(
        "`{module}` imports `{import}`, which is not a Proxy-Wasm 0.2 hostcall; Envoy refuses it too (missing import)"
    )]
    UnknownImport {
        /// The module.
        module: String,
        /// `module.name` of the import.
        import: String,
    },
    /// Rule V3.
    #[error(
        "`{module}` imports `{import}` with another type than the ABI's; Envoy refuses it too (import type mismatch)"
    )]
    ImportType {
        /// The module.
        module: String,
        /// `module.name` of the import.
        import: String,
    },
}

// === impl Engine ===

impl Engine {
    /// An engine with all hostcalls linked.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut config = Config::new();
        // As many frames of a trap as Envoy shows (rule T6).
        config.wasm_backtrace_max_frames(NonZeroUsize::new(20));
        let wasm = WasmEngine::new(&config)
            .map_err(|error| anyhow::anyhow!("cannot start wasmtime: {error:#}"))?;
        let linker = hostcalls::linker(&wasm)
            .map_err(|error| anyhow::anyhow!("cannot link the hostcalls: {error:#}"))?;
        Ok(Self {
            wasm,
            linker,
            loaded: Mutex::default(),
        })
    }

    pub(crate) fn load(&self, file: &ModuleFile) -> Result<Arc<Module>, LoadError> {
        let mut loaded = self
            .loaded
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(module) = loaded.get(&file.sha256) {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(self.compile(file)?);
        loaded.insert(file.sha256.clone(), Arc::clone(&module));
        Ok(module)
    }

    pub(crate) fn store(&self, state: VmState) -> Store<VmState> {
        Store::new(&self.wasm, state)
    }

    fn compile(&self, file: &ModuleFile) -> Result<Module, LoadError> {
        let name = || file.path.display().to_string();
        let not_wasm = |error: wasmtime::Error| LoadError::NotWasm(name(), format!("{error:#}"));
        let module = WasmModule::from_binary(&self.wasm, &file.bytes).map_err(not_wasm)?;
        check_exports(&module, &name())?;
        self.check_imports(&module, &name())?;
        let instance = self.linker.instantiate_pre(&module).map_err(not_wasm)?;
        Ok(Module {
            instance,
            file: file.clone(),
        })
    }

    fn check_imports(&self, module: &WasmModule, name: &str) -> Result<(), LoadError> {
        let mut store = self.store(VmState::for_linking());
        for import in module.imports() {
            let path = format!("{}.{}", import.module(), import.name());
            let linked = self.linker.get(&mut store, import.module(), import.name());
            match (linked, import.ty()) {
                (Ok(Extern::Func(linked)), ExternType::Func(wanted))
                    if linked.ty(&store).matches(&wanted) => {}
                (Ok(_), _) => {
                    return Err(LoadError::ImportType {
                        module: name.to_owned(),
                        import: path,
                    });
                }
                (Err(_), _) => {
                    return Err(LoadError::UnknownImport {
                        module: name.to_owned(),
                        import: path,
                    });
                }
            }
        }
        Ok(())
    }
}

fn check_exports(module: &WasmModule, name: &str) -> Result<(), LoadError> {
    match module
        .exports()
        .find_map(|export| export.name().strip_prefix("proxy_abi_version_"))
    {
        Some("0_2_0" | "0_2_1") => {}
        Some("0_1_0") => return Err(LoadError::OldAbi(name.to_owned())),
        _ => return Err(LoadError::NoAbi(name.to_owned())),
    }
    if module.get_export("malloc").is_none()
        && module.get_export("proxy_on_memory_allocate").is_none()
    {
        return Err(LoadError::NoAllocator(name.to_owned()));
    }
    match module.get_export("memory") {
        Some(ExternType::Memory(_)) => Ok(()),
        _ => Err(LoadError::NoMemory(name.to_owned())),
    }
}
