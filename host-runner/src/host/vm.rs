//! One VM: an instance of a module with its memory, entered by callbacks, left by hostcalls.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::{AsContextMut as _, Instance, Memory, Store, TypedFunc, WasmParams, WasmResults};

use crate::engine::{Engine, Module};
use crate::host::clock::Clock;
use crate::host::log_store::LogStore;
use crate::host::stream::StreamState;

/// A plugin's VM. The first trap fails it for good, as Envoy's default failure policy FAIL_CLOSED has it (rule T3).
pub(crate) struct Vm {
    store: Store<VmState>,
    instance: Instance,
    failed: bool,
}

/// What hostcalls reach while guest code runs.
pub(crate) struct VmState {
    pub(crate) plugin: PluginIdentity,
    pub(crate) configuration: Vec<u8>,
    /// Buffer 7 is readable only while the plugin is being configured (rule L5).
    pub(crate) configuring: bool,
    pub(crate) shared: Shared,
    // The stream whose callback is running is swapped in for the time of the call; `in_stream` says that one is.
    stream: StreamState,
    in_stream: bool,
    pub(crate) memory: Option<Memory>,
    pub(crate) malloc: Option<TypedFunc<u32, u32>>,
}

/// Who a plugin says it is (properties `plugin_*`).
#[derive(Debug, Clone, Default)]
pub(crate) struct PluginIdentity {
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
}

/// What all VMs of a proxy share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<Clock>,
    pub(crate) logs: Arc<LogStore>,
}

/// A callback did not return: it trapped, or an earlier one had (rule T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the VM has failed")]
pub(crate) struct VmFailed;

// === impl Vm ===

impl Vm {
    /// Instantiates a module and runs its start function (rule V10).
    pub(crate) fn new(engine: &Engine, module: &Module, state: VmState) -> Result<Self, VmFailed> {
        let mut store = engine.store(state);
        let instance = match module.instance.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) => {
                store.data().log_trap("instantiation", &error);
                return Err(VmFailed);
            }
        };
        let memory = instance.get_memory(&mut store, "memory");
        let malloc = ["malloc", "proxy_on_memory_allocate"]
            .iter()
            .find_map(|name| instance.get_typed_func(&mut store, name).ok());
        let state = store.data_mut();
        state.memory = memory;
        state.malloc = malloc;
        let mut vm = Self {
            store,
            instance,
            failed: false,
        };
        vm.start()?;
        Ok(vm)
    }

    fn start(&mut self) -> Result<(), VmFailed> {
        match self.call::<(), ()>("_initialize", ())? {
            Some(()) => Ok(()),
            None => self.call::<(), ()>("_start", ()).map(|_| ()),
        }
    }

    /// Calls an exported function; `None` when the module does not export it.
    pub(crate) fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> Result<Option<R>, VmFailed> {
        if self.failed {
            return Err(VmFailed);
        }
        let Some(function) = self.instance.get_func(&mut self.store, name) else {
            return Ok(None);
        };
        let result = function
            .typed::<P, R>(&self.store)
            .and_then(|f| f.call(self.store.as_context_mut(), params));
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.failed = true;
                self.store.data().log_trap(name, &error);
                Err(VmFailed)
            }
        }
    }

    /// Calls with a stream in reach of the hostcalls.
    pub(crate) fn call_in<P: WasmParams, R: WasmResults>(
        &mut self,
        stream: &mut StreamState,
        name: &str,
        params: P,
    ) -> Result<Option<R>, VmFailed> {
        std::mem::swap(&mut self.store.data_mut().stream, stream);
        self.store.data_mut().in_stream = true;
        let result = self.call(name, params);
        self.store.data_mut().in_stream = false;
        std::mem::swap(&mut self.store.data_mut().stream, stream);
        result
    }

    pub(crate) fn set_configuring(&mut self, configuring: bool) {
        self.store.data_mut().configuring = configuring;
    }
}

// === impl VmState ===

impl VmState {
    pub(crate) fn new(plugin: PluginIdentity, configuration: Vec<u8>, shared: Shared) -> Self {
        Self {
            plugin,
            configuration,
            configuring: false,
            shared,
            stream: StreamState::default(),
            in_stream: false,
            memory: None,
            malloc: None,
        }
    }

    /// A state for checking imports, never run.
    pub(crate) fn for_linking() -> Self {
        Self::new(PluginIdentity::default(), Vec::new(), Shared::default())
    }

    /// The stream whose callback is running; none in a root callback.
    pub(crate) fn stream(&self) -> Option<&StreamState> {
        self.in_stream.then_some(&self.stream)
    }

    /// As [`stream`](Self::stream), for writing.
    pub(crate) fn stream_mut(&mut self) -> Option<&mut StreamState> {
        self.in_stream.then_some(&mut self.stream)
    }

    pub(crate) fn log(&self, level: &str, message: String) {
        self.shared.logs.add(&self.plugin.name, level, message);
    }

    fn log_trap(&self, function: &str, error: &wasmtime::Error) {
        self.log(
            "critical",
            format!("function `{function}` failed: {error:?}"),
        );
    }
}
