//! One VM: an instance of a module with its memory, entered by callbacks, left by hostcalls.

use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use wasmtime::{AsContextMut as _, Instance, Store, StoreContextMut, WasmParams, WasmResults};

use crate::engine::{Engine, Module, limits};
use crate::host::callbacks::{Callbacks, Export};
use crate::host::vm_state::VmState;
use crate::host::world::World;
use crate::trace::{self, Words};

/// A VM with every plugin that runs in it. The first trap fails it for good (rule T1).
pub(crate) struct Vm {
    pub(super) store: Store<VmState>,
    pub(super) callbacks: Arc<Callbacks>,
    /// When it was made, or a new one could not be: a reload waits for a while after that (rule T3).
    pub(crate) loaded: Instant,
}

/// A callback did not return: it trapped, or an earlier one had (rule T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the VM has failed")]
pub(crate) struct VmFailed;

// === impl Vm ===

impl Vm {
    /// Instantiates a module and runs its start function (rule V10).
    pub(crate) fn new(
        engine: &Engine,
        module: &Module,
        state: VmState,
        allowed: impl Fn(&str) -> bool,
    ) -> Result<Self, VmFailed> {
        let mut store = engine.store(state);
        let (instance, memory) = module.instantiate(&mut store).map_err(|error| {
            log_trap(store.data(), "instantiation", &error);
            VmFailed
        })?;
        let malloc = ["malloc", "proxy_on_memory_allocate"]
            .iter()
            .find_map(|name| instance.get_typed_func(&mut store, name).ok())
            .map(Arc::new);
        let abi = store.data().abi;
        let callbacks = Arc::new(Callbacks::of(&instance, &mut store, abi, allowed));
        let state = store.data_mut();
        state.memory = memory;
        state.malloc = malloc;
        state.callbacks = Arc::clone(&callbacks);
        let loaded = state.shared.clock.instant();
        let mut vm = Self {
            store,
            callbacks,
            loaded,
        };
        vm.start(&instance)?;
        Ok(vm)
    }

    // `_initialize`, then `main`, or else `_start` (rule V10).
    fn start(&mut self, instance: &Instance) -> Result<(), VmFailed> {
        let mut world = Box::default();
        if self.start_function(instance, &mut world, "_initialize")? {
            let main = instance
                .get_typed_func::<(u32, u32), u32>(&mut self.store, "main")
                .ok();
            if main.is_some() {
                let main = Export {
                    name: "main",
                    function: main,
                };
                return enter(self.store.as_context_mut(), &mut world, 0, &main, (0, 0)).map(drop);
            }
            return self
                .start_function(instance, &mut world, "__main_void")
                .map(drop);
        }
        self.start_function(instance, &mut world, "_start")
            .map(drop)
    }

    fn start_function(
        &mut self,
        instance: &Instance,
        world: &mut Box<World>,
        name: &'static str,
    ) -> Result<bool, VmFailed> {
        if let Ok(function) = instance.get_typed_func::<(), u32>(&mut self.store, name) {
            let export = Export {
                name,
                function: Some(function),
            };
            return enter(self.store.as_context_mut(), world, 0, &export, ())
                .map(|it| it.is_some());
        }
        let function = instance
            .get_typed_func::<(), ()>(&mut self.store, name)
            .ok();
        let export = Export { name, function };
        enter(self.store.as_context_mut(), world, 0, &export, ()).map(|it| it.is_some())
    }

    /// Bytes of its memory.
    pub(crate) fn memory_size(&self) -> u64 {
        let memory = self.store.data().memory;
        memory.map_or(0, |memory| memory.data_size(&self.store) as u64)
    }

    /// Whether it is entered no more (rule T1).
    pub(crate) fn failed(&self) -> bool {
        self.store.data().failed
    }

    pub(crate) fn state(&mut self) -> &mut VmState {
        self.store.data_mut()
    }
}

/// Calls an export, which may be none. The worker's world is the guest's for the time of the call.
pub(super) fn enter<P: WasmParams + Words, R: WasmResults + Words>(
    mut store: StoreContextMut<'_, VmState>,
    world: &mut Box<World>,
    context: u32,
    export: &Export<P, R>,
    params: P,
) -> Result<Option<R>, VmFailed> {
    let state = store.data_mut();
    if state.failed {
        return Err(VmFailed);
    }
    let Some(function) = &export.function else {
        return Ok(None);
    };
    state.current = context;
    state.callback = export.name;
    state.effective = 0;
    state.stop_iteration = false;
    std::mem::swap(&mut state.world, world);
    let traced = trace::begin(state, &params);
    let before = limits::begin(&mut store);
    let result = function.call(store.as_context_mut(), params);
    limits::end(&mut store, before, export.name);
    trace::end(store.data(), &result, (traced, before.fuel));
    let state = store.data_mut();
    std::mem::swap(&mut state.world, world);
    match result {
        Ok(_) if std::mem::take(&mut state.malloc_trapped) => {
            state.failed = true;
            let text = format!(
                "function `{}` failed: the module's allocator trapped",
                export.name
            );
            state.log("critical", text);
            Err(VmFailed)
        }
        // It was entered once more from within, and trapped there.
        Ok(_) if state.failed => Err(VmFailed),
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            state.failed = true;
            log_trap(state, export.name, &error);
            Err(VmFailed)
        }
    }
}

fn log_trap(state: &VmState, function: &str, error: &wasmtime::Error) {
    let failed = || format!("function `{function}` failed: {error:?}");
    let interrupted = state.limits.interruption(function, error);
    state.log("critical", interrupted.unwrap_or_else(failed));
}
