//! Loading modules: compile, check what Envoy checks, refuse in one sentence what Envoy would refuse.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use wasmtime::{
    Config, Engine as WasmEngine, Extern, ExternType, FuncType, InstancePre, Linker,
    Module as WasmModule, Store, ValType,
};

use crate::abi::AbiVersion;
use crate::host::callbacks;
use crate::host::vm_state::VmState;
use crate::hostcalls;
use crate::listener::ModuleFile;

/// Compiles each module once per process and checks its imports once.
pub(crate) struct Engine {
    wasm: WasmEngine,
    // What modules of each ABI version may import (rule V7).
    linkers: Vec<(AbiVersion, Linker<VmState>)>,
    loaded: Mutex<HashMap<Key, Arc<Module>>>,
}

/// The hash of a module, and what it is allowed to call.
type Key = (String, Vec<String>);

/// A compiled module, ready to become VMs.
pub(crate) struct Module {
    pub(crate) instance: InstancePre<VmState>,
    pub(crate) abi: AbiVersion,
}

/// Why a module cannot be loaded.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The bytes are not WebAssembly.
    #[error("`{0}` is not a WebAssembly module: {1}")]
    NotWasm(String, String),
    /// Rule V1.
    #[error(
        "`{0}` is not a Proxy-Wasm module: it exports none of `proxy_abi_version_0_1_0`, `proxy_abi_version_0_2_0` and `proxy_abi_version_0_2_1`"
    )]
    NoAbi(String),
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
        "`{module}` imports `{import}`, which its version of Proxy-Wasm does not have; Envoy refuses it too (missing import)"
    )]
    UnknownImport {
        /// The module.
        module: String,
        /// `module.name` of the import.
        import: String,
    },
    /// Rule V4.
    #[error(
        "`{module}` exports `{export}` with another type than the ABI's; Envoy refuses it too (bad function signature)"
    )]
    CallbackType {
        /// The module.
        module: String,
        /// The name of the export.
        export: String,
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
        let versions = [AbiVersion::V0_1_0, AbiVersion::V0_2_0, AbiVersion::V0_2_1];
        let linkers = versions.map(|abi| Ok((abi, hostcalls::linker(&wasm, abi)?)));
        let linkers: wasmtime::Result<_> = linkers.into_iter().collect();
        let linkers =
            linkers.map_err(|error| anyhow::anyhow!("cannot link the hostcalls: {error:#}"))?;
        Ok(Self {
            wasm,
            linkers,
            loaded: Mutex::default(),
        })
    }

    /// Compiles a module, once; `allowed` are its capabilities, all of them if it is empty (rule K1).
    pub(crate) fn load(
        &self,
        file: &ModuleFile,
        allowed: &[String],
    ) -> Result<Arc<Module>, LoadError> {
        let mut loaded = self
            .loaded
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (file.sha256.clone(), allowed.to_vec());
        if let Some(module) = loaded.get(&key) {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(self.compile(file, allowed)?);
        loaded.insert(key, Arc::clone(&module));
        Ok(module)
    }

    pub(crate) fn store(&self, state: VmState) -> Store<VmState> {
        Store::new(&self.wasm, state)
    }

    fn compile(&self, file: &ModuleFile, allowed: &[String]) -> Result<Module, LoadError> {
        let name = file.path.display().to_string();
        let not_wasm =
            |error: wasmtime::Error| LoadError::NotWasm(name.clone(), format!("{error:#}"));
        let module = WasmModule::from_binary(&self.wasm, &file.bytes).map_err(not_wasm)?;
        let abi = check_exports(&module, &name)?;
        let linker = self.linkers.iter().find(|(version, _)| *version == abi);
        let (_, linker) = linker.ok_or_else(|| LoadError::NoAbi(name.clone()))?;
        self.check_imports(linker, &module, &name)?;
        let linker = hostcalls::restricted(linker, &module, allowed).map_err(not_wasm)?;
        let instance = linker.instantiate_pre(&module).map_err(not_wasm)?;
        Ok(Module { instance, abi })
    }

    fn check_imports(
        &self,
        linker: &Linker<VmState>,
        module: &WasmModule,
        name: &str,
    ) -> Result<(), LoadError> {
        let mut store = self.store(VmState::for_linking());
        for import in module.imports() {
            let path = format!("{}.{}", import.module(), import.name());
            let linked = linker.get(&mut store, import.module(), import.name());
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

fn check_exports(module: &WasmModule, name: &str) -> Result<AbiVersion, LoadError> {
    let mut exports = module.exports();
    let abi = exports.find_map(|export| AbiVersion::of_marker(export.name()));
    let abi = abi.ok_or_else(|| LoadError::NoAbi(name.to_owned()))?;
    if module.get_export("malloc").is_none()
        && module.get_export("proxy_on_memory_allocate").is_none()
    {
        return Err(LoadError::NoAllocator(name.to_owned()));
    }
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(LoadError::NoMemory(name.to_owned()));
    }
    for export in module.exports() {
        if let ExternType::Func(found) = export.ty()
            && let Some(wanted) = callbacks::signature(abi, export.name())
            && !has_signature(&found, wanted)
        {
            let (module, export) = (name.to_owned(), export.name().to_owned());
            return Err(LoadError::CallbackType { module, export });
        }
    }
    Ok(abi)
}

fn has_signature(found: &FuncType, (params, returns): (usize, bool)) -> bool {
    let is_i32 = |ty: ValType| matches!(ty, ValType::I32);
    found.params().len() == params
        && found.results().len() == usize::from(returns)
        && found.params().chain(found.results()).all(is_i32)
}
