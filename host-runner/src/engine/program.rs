//! A module that is a program, such as the tests of a crate: it runs once, from `_start` to its end.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use wasmtime::{Module as WasmModule, Trap};

use super::{Engine, Module, check_header};
use crate::abi::AbiVersion;
use crate::host::vm_state::{PluginIdentity, Shared, VmState};
use crate::hostcalls::program::{self, Exit};

/// What a program is run with.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// The first is its name.
    pub(crate) arguments: &'a [String],
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) shared: Shared,
}

// === impl Engine ===

impl Engine {
    /// Runs it, and returns its exit code. Its hostcalls act on the root context of a plugin that has no configuration.
    pub(crate) fn run(&self, bytes: &[u8], program: Program<'_>) -> anyhow::Result<u32> {
        check_header(bytes)?;
        let failed = |error: wasmtime::Error| anyhow!("{error:?}");
        let code = WasmModule::from_binary(&self.wasm, bytes).map_err(failed)?;
        let abi = AbiVersion::V0_2_1;
        let linker = self.linkers.of(abi);
        let mut linker = linker.map_err(|why| anyhow!("{why}"))?.clone();
        program::link(&mut linker, program.arguments).map_err(failed)?;
        let module = Module::new(code, linker, abi, false).map_err(failed)?;
        let mut store = self.store(state(abi, program));
        let (instance, memory) = module.instantiate(&mut store).map_err(failed)?;
        let malloc = instance.get_typed_func(&mut store, "proxy_on_memory_allocate");
        store.data_mut().memory = memory;
        store.data_mut().malloc = malloc.ok().map(Into::into);
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start");
        let start = start.map_err(failed).context("it is no program")?;
        match start.call(&mut store, ()) {
            Ok(()) => Ok(0),
            Err(error) => ended(&error),
        }
    }
}

// Who has panicked has said why, and where.
fn ended(error: &wasmtime::Error) -> anyhow::Result<u32> {
    if let Some(Exit(code)) = error.downcast_ref() {
        return Ok(*code);
    }
    match error.downcast_ref() {
        Some(Trap::UnreachableCodeReached) => {
            Err(anyhow!("a panic ended it, and what was to follow"))
        }
        _ => Err(anyhow!("it did not come to its end: {error:?}")),
    }
}

fn state(abi: AbiVersion, program: Program<'_>) -> VmState {
    let mut state = VmState::new(0, "", abi, program.shared);
    state.environment = program.environment;
    let name = "test".to_owned();
    let plugin = PluginIdentity {
        root_id: name.clone(),
        name,
        vm_id: String::new(),
    };
    state.current = state.new_root(plugin, Vec::new());
    state
}
