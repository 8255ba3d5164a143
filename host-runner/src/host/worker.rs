//! A worker: one VM per plugin of a chain, started and configured, on one thread (rules L1 to L5).

use std::sync::Arc;

use thiserror::Error;

use crate::engine::{Engine, LoadError};
use crate::host::stream::StreamState;
use crate::host::vm::{PluginIdentity, Shared, Vm, VmFailed, VmState};
use crate::listener::Plugin;

/// The id of a plugin's root context; stream contexts follow it.
const ROOT: u32 = 1;

/// The VMs of one filter chain, in request order.
pub(crate) struct Worker {
    pub(crate) plugins: Vec<PluginVm>,
}

/// A plugin in its VM.
pub(crate) struct PluginVm {
    vm: Vm,
    last_context: u32,
}

/// Why a plugin did not start.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    /// The module cannot be loaded.
    #[error("cannot load plugin `{plugin}`")]
    Load {
        /// The plugin.
        plugin: String,
        /// Why.
        #[source]
        source: LoadError,
    },
    /// The plugin said no, or trapped, while it was started (rule T5).
    #[error("plugin `{plugin}` did not start: {said}")]
    Refused {
        /// The plugin.
        plugin: String,
        /// What it logged about it.
        said: String,
    },
}

// === impl Worker ===

impl Worker {
    /// Starts and configures every plugin of a chain.
    pub(crate) fn start(
        engine: &Engine,
        plugins: &[Plugin],
        shared: &Shared,
    ) -> Result<Self, StartError> {
        let plugins = plugins
            .iter()
            .map(|plugin| PluginVm::start(engine, plugin, shared));
        Ok(Self {
            plugins: plugins.collect::<Result<_, _>>()?,
        })
    }
}

// === impl PluginVm ===

impl PluginVm {
    fn start(engine: &Engine, plugin: &Plugin, shared: &Shared) -> Result<Self, StartError> {
        let module = engine
            .load(&plugin.module)
            .map_err(|source| StartError::Load {
                plugin: plugin.name.clone(),
                source,
            })?;
        let identity = PluginIdentity {
            name: plugin.name.clone(),
            root_id: plugin.name.clone(),
            vm_id: module.file.sha256.clone(),
        };
        let configuration = plugin.configuration.clone().into_bytes();
        let size = u32::try_from(configuration.len()).unwrap_or(u32::MAX);
        let state = VmState::new(identity, configuration, shared.clone());
        match Vm::new(engine, &module, state).and_then(|vm| Self::configured(vm, size)) {
            Ok(Some(started)) => Ok(started),
            Ok(None) | Err(VmFailed) => Err(StartError::Refused {
                plugin: plugin.name.clone(),
                said: last_words(shared, &plugin.name),
            }),
        }
    }

    fn configured(mut vm: Vm, size: u32) -> Result<Option<Self>, VmFailed> {
        vm.call::<(u32, u32), ()>("proxy_on_context_create", (ROOT, 0))?;
        let started = vm.call::<(u32, u32), u32>("proxy_on_vm_start", (ROOT, 0))?;
        vm.set_configuring(true);
        let configured = vm.call::<(u32, u32), u32>("proxy_on_configure", (ROOT, size))?;
        vm.set_configuring(false);
        let refused = started == Some(0) || configured == Some(0);
        Ok((!refused).then_some(Self {
            vm,
            last_context: ROOT,
        }))
    }

    /// Creates the context of a new stream and returns its id.
    pub(crate) fn create_stream(&mut self, stream: &mut StreamState) -> Result<u32, VmFailed> {
        self.last_context = self.last_context.wrapping_add(1);
        let id = self.last_context;
        self.vm
            .call_in::<(u32, u32), ()>(stream, "proxy_on_context_create", (id, ROOT))?;
        Ok(id)
    }

    /// A callback that takes a count (and whether the stream ends) and returns what to do.
    pub(crate) fn ask<P: wasmtime::WasmParams>(
        &mut self,
        stream: &mut StreamState,
        callback: &str,
        params: P,
    ) -> Result<u32, VmFailed> {
        // A callback the module does not export means Continue (section 1.3).
        Ok(self
            .vm
            .call_in::<P, u32>(stream, callback, params)?
            .unwrap_or(0))
    }

    /// `on_log`, `on_done`, `on_delete`, in Envoy's order (rule L9).
    pub(crate) fn end_stream(&mut self, stream: &mut StreamState, id: u32) -> Result<(), VmFailed> {
        use crate::host::stream::Stage;
        stream.stage = Stage::Log;
        self.vm.call_in::<u32, ()>(stream, "proxy_on_log", id)?;
        stream.stage = Stage::Done;
        self.vm.call_in::<u32, u32>(stream, "proxy_on_done", id)?;
        self.vm.call_in::<u32, ()>(stream, "proxy_on_delete", id)?;
        Ok(())
    }
}

fn last_words(shared: &Shared, plugin: &str) -> String {
    let logs = shared.logs.of(plugin);
    let serious = logs
        .iter()
        .rev()
        .find(|line| matches!(line.level.as_str(), "error" | "critical"));
    serious.map_or_else(
        || "it logged no reason".to_owned(),
        |line| line.message.clone(),
    )
}

/// A worker is shared by the streams it serves; callbacks are short and never wait.
pub(crate) type SharedWorker = Arc<std::sync::Mutex<Worker>>;
