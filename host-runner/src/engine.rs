//! Loading modules: compile, check what Envoy checks, refuse in one sentence what Envoy would refuse.

mod cache;
mod config;
mod error;
mod exports;
mod imports;
pub(crate) mod limits;
mod linkers;
mod module;
mod options;
mod profile;
mod program;
pub(crate) mod sections;
mod stubs;
mod ticker;
mod types;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{AsContextMut as _, Engine as WasmEngine, ExternType, Module as WasmModule, Store};

pub(crate) use self::error::{LoadError, Refusal};
pub(crate) use self::module::Module;
pub use self::options::{CALLBACK_LIMIT, EngineOptions, MAX_MEMORY, ModuleCache};
pub(crate) use self::program::Program;

use self::limits::{Limits, MAX_TABLE};
use self::linkers::Linkers;
use self::ticker::Ticker;
use crate::host::vm_state::VmState;
use crate::hostcalls;
use crate::listener::ModuleFile;

/// Compiles each module once per process and checks its imports once.
pub(crate) struct Engine {
    wasm: WasmEngine,
    options: EngineOptions,
    _ticker: Option<Ticker>,
    linkers: Linkers,
    loaded: Mutex<HashMap<Key, Arc<Module>>>,
}

/// The hash of a module, and what it is allowed to call.
type Key = (String, Vec<String>);

/// What every module begins with, and the version that follows: a component has another one.
const MAGIC: &[u8] = b"\0asm";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The pages of [`MAX_MEMORY`].
const MAX_PAGES: u64 = MAX_MEMORY / 65_536;

// === impl Engine ===

impl Engine {
    /// An engine with all hostcalls linked.
    pub(crate) fn new(options: &EngineOptions) -> anyhow::Result<Self> {
        let wasm = config::engine(options)?;
        Ok(Self {
            _ticker: options
                .callback_limit
                .map(|_| Ticker::start(&wasm))
                .transpose()?,
            linkers: Linkers::new(&wasm),
            wasm,
            options: options.clone(),
            loaded: Mutex::default(),
        })
    }

    /// Compiles a module, once; `allowed` are its capabilities, all of them if it is empty (rule K1).
    pub(crate) fn load(
        &self,
        file: &ModuleFile,
        allowed: &[String],
    ) -> Result<Arc<Module>, LoadError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (file.sha256.clone(), allowed.to_vec());
        if let Some(module) = loaded.get(&key) {
            return Ok(Arc::clone(module));
        }
        let module = self.compile(&file.bytes, allowed);
        let module = module.map(Arc::new).map_err(|why| LoadError {
            file: file.path.display().to_string(),
            why: Box::new(why),
        })?;
        loaded.insert(key, Arc::clone(&module));
        Ok(module)
    }

    /// A store for one VM, with the engine's limits.
    pub(crate) fn store(&self, mut state: VmState) -> Store<VmState> {
        state.limits = Limits::new(&self.options);
        let mut store = Store::new(&self.wasm, state);
        store.limiter(|state| &mut state.limits);
        limits::begin(&mut store.as_context_mut());
        store
    }

    /// Whether a callback of that name is ever called: not where the capabilities `allowed` forbid it (rule K1), or
    /// where the host that is played does not call it.
    pub(crate) fn calls(&self, allowed: &[String], name: &str) -> bool {
        is_allowed(allowed, name) && self.options.profile.lack(name).is_none()
    }

    fn compile(&self, bytes: &[u8], allowed: &[String]) -> Result<Module, Refusal> {
        let invalid = |error: wasmtime::Error| Refusal::Invalid(format!("{error:#}"));
        check_header(bytes)?;
        let sections = sections::read(bytes)?;
        let code = WasmModule::from_binary(&self.wasm, bytes).map_err(invalid)?;
        let abi = exports::abi_version(&code)?;
        check_sizes(&code)?;
        let stubs = &self.options.stub_imports;
        let mut store = self.store(VmState::for_linking());
        let linker = self.linkers.of(abi);
        let linker = linker.map_err(|why| Refusal::Invalid(why.to_owned()))?;
        imports::check(&self.linkers, abi, &code, stubs, &mut store)?;
        profile::check(&code, self.options.profile)?;
        exports::check(&code, abi, |name| is_allowed(allowed, name))?;
        let mut linker = hostcalls::restricted(linker, &code, allowed).map_err(invalid)?;
        stubs::link(&mut linker, &code, stubs).map_err(invalid)?;
        profile::link(&mut linker, &code, self.options.profile).map_err(invalid)?;
        let observed = self.options.metering || sections.start;
        Module::new(code, linker, abi, observed).map_err(invalid)
    }
}

/// Whether a callback or hostcall of that name is among the capabilities `allowed` (rule K1).
fn is_allowed(allowed: &[String], name: &str) -> bool {
    allowed.is_empty() || name.starts_with("envoy_") || allowed.iter().any(|it| it == name)
}

/// Refuses what does not even begin as a module.
pub(crate) fn check_header(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.starts_with(COMPONENT) {
        return Err(Refusal::Component);
    }
    match bytes.starts_with(MAGIC) {
        true => Ok(()),
        false => Err(Refusal::NotWasm),
    }
}

fn check_sizes(code: &WasmModule) -> Result<(), Refusal> {
    let needs = code.resources_required();
    let imported = code.imports().filter_map(|import| match import.ty() {
        ExternType::Memory(ty) => Some(ty.minimum()),
        _ => None,
    });
    let pages = imported.chain(needs.max_initial_memory_size).max();
    if let Some(pages) = pages.filter(|pages| *pages > MAX_PAGES) {
        return Err(Refusal::MemoryTooLarge { pages });
    }
    match needs.max_initial_table_size {
        Some(elements) if elements > MAX_TABLE => Err(Refusal::TableTooLarge { elements }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
