//! A worker: the VMs of a chain's plugins, started and configured, on one thread (rules L1 to L5), and its streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::engine::{Engine, LoadError, Module};
use crate::host::callout::{CallId, CallResponse};
use crate::host::chain::Chain;
use crate::host::effect::{Effect, RootId};
use crate::host::stream::Filter;
use crate::host::vm::{Vm, VmFailed};
use crate::host::vm_state::{Context, PluginIdentity, Shared, VmState};
use crate::host::world::{StreamId, World};
use crate::listener::{FailurePolicy, Listener, Plugin};

/// A VM that failed is replaced no sooner than this after it was made (rule T3).
const RELOAD_BACKOFF: Duration = Duration::from_secs(1);

/// The VMs of one filter chain, and the streams that pass it.
pub(crate) struct Worker {
    /// Unique in the process.
    pub(crate) number: u64,
    engine: Arc<Engine>,
    pub(super) shared: Shared,
    pub(super) world: Box<World>,
    pub(super) vms: Vec<Vm>,
    plugins: Vec<Started>,
    pub(super) chain: Arc<Chain>,
}

/// A plugin in its VM.
struct Started {
    plugin: Plugin,
    module: Arc<Module>,
    root: RootId,
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
    /// Starts and configures every plugin of a listener.
    pub(crate) fn start(
        engine: &Arc<Engine>,
        listener: &Listener,
        shared: &Shared,
    ) -> Result<Self, StartError> {
        let mut worker = Self {
            number: shared.next_worker(),
            engine: Arc::clone(engine),
            shared: shared.clone(),
            world: Box::default(),
            vms: Vec::new(),
            plugins: Vec::new(),
            chain: Arc::new(Chain::new(listener)),
        };
        let mut machines = HashMap::new();
        for plugin in &listener.plugins {
            let module = worker.load(plugin)?;
            // Plugins with equal options and the same module share a VM (rule L4).
            let key = (
                plugin.vm.clone(),
                plugin.module.sha256.clone(),
                plugin.allowed_capabilities.clone(),
            );
            let vm = match machines.get(&key) {
                Some(vm) => Ok(*vm),
                None => worker.new_vm(plugin, &module),
            };
            let root = vm.and_then(|vm| {
                machines.insert(key, vm);
                worker.configure(plugin, vm)
            });
            let refused = || StartError::Refused {
                plugin: plugin.name.clone(),
                said: last_words(shared, &plugin.name),
            };
            let root = root.ok().flatten().ok_or_else(refused)?;
            worker.plugins.push(Started {
                plugin: plugin.clone(),
                module,
                root,
            });
        }
        Ok(worker)
    }

    fn load(&self, plugin: &Plugin) -> Result<Arc<Module>, StartError> {
        self.engine
            .load(&plugin.module, &plugin.allowed_capabilities)
            .map_err(|source| StartError::Load {
                plugin: plugin.name.clone(),
                source,
            })
    }

    fn new_vm(&mut self, plugin: &Plugin, module: &Module) -> Result<usize, VmFailed> {
        let index = self.vms.len();
        let mut state = VmState::new(index, plugin.vm_id(), module.abi, self.shared.clone());
        state.configuration = plugin.vm.configuration.clone().into_bytes();
        state.environment = plugin.vm.environment.clone();
        state.name.clone_from(&plugin.name);
        state.worker = self.number;
        state.clusters = self
            .chain
            .clusters
            .iter()
            .map(|it| it.name.clone())
            .collect();
        let allowed = &plugin.allowed_capabilities;
        let is_allowed = |name: &str| self.engine.calls(allowed, name);
        self.vms
            .push(Vm::new(&self.engine, module, state, is_allowed)?);
        Ok(index)
    }

    // A root context, its VM start and its configuration (rule L5); none when the plugin refuses.
    fn configure(&mut self, plugin: &Plugin, vm: usize) -> Result<Option<RootId>, VmFailed> {
        let identity = PluginIdentity {
            name: plugin.name.clone(),
            root_id: plugin.name.clone(),
            vm_id: plugin.vm_id().to_owned(),
        };
        let machine = self.vms.get_mut(vm).ok_or(VmFailed)?;
        let configuration = plugin.configuration.clone().into_bytes();
        let size = u32::try_from(configuration.len()).unwrap_or(u32::MAX);
        let vm_size = u32::try_from(plugin.vm.configuration.len()).unwrap_or(u32::MAX);
        let root = machine.state().new_root(identity, configuration);
        let world = &mut self.world;
        machine.call(world, root, |it| &mut it.context_create, (root, 0))?;
        let started = machine.call(world, root, |it| &mut it.vm_start, (root, vm_size))?;
        machine.state().set_configuring(root, true);
        let configured = machine.call(world, root, |it| &mut it.configure, (root, size))?;
        machine.state().set_configuring(root, false);
        self.run_after(vm);
        let refused = started == Some(0) || configured == Some(0);
        Ok((!refused).then_some(RootId { vm, context: root }))
    }

    /// The filters of a new stream, with their context ids.
    pub(super) fn new_filters(&mut self, stream: StreamId) -> Vec<Filter> {
        let mut filters = Vec::new();
        for index in 0..self.plugins.len() {
            let vm = self.usable_vm(index);
            let Some(started) = self.plugins.get(index) else {
                continue;
            };
            match vm {
                None if started.plugin.failure_policy == FailurePolicy::FailOpen => {}
                None => filters.push(Filter::new(index, None, 0)),
                Some(root) => {
                    let filter = filters.len();
                    let Some(machine) = self.vms.get_mut(root.vm) else {
                        continue;
                    };
                    let state = machine.state();
                    let root_index = state.root_index(root.context);
                    let context = state.new_context(Context::Http {
                        stream,
                        filter,
                        root: root_index,
                    });
                    filters.push(Filter::new(index, Some(root.vm), context));
                }
            }
        }
        filters
    }

    // The plugin's VM, or a new one where the old has failed and the policy asks for it (rule T3).
    fn usable_vm(&mut self, plugin: usize) -> Option<RootId> {
        let started = self.plugins.get(plugin)?;
        let machine = self.vms.get(started.root.vm)?;
        if !machine.failed {
            return Some(started.root);
        }
        let may_reload = started.plugin.failure_policy == FailurePolicy::FailReload;
        if !may_reload || Instant::now() < machine.loaded + RELOAD_BACKOFF {
            return None;
        }
        let (plugin_config, module) = (started.plugin.clone(), Arc::clone(&started.module));
        let vm = self.new_vm(&plugin_config, &module).ok()?;
        let root = self.configure(&plugin_config, vm).ok().flatten()?;
        self.plugins.get_mut(plugin)?.root = root;
        Some(root)
    }

    /// The context id of the root of a stream's filter.
    pub(super) fn plugin_root(&self, id: StreamId, index: usize) -> u32 {
        let stream = self.world.http.get(id);
        let plugin = stream.and_then(|it| Some(it.filters.get(index)?.plugin));
        let started = plugin.and_then(|plugin| self.plugins.get(plugin));
        started.map_or(0, |started| started.root.context)
    }

    /// Whether 1 from a headers callback of that filter stops the headers only (rule A1).
    pub(super) fn may_stop_headers(&self, id: StreamId, index: usize) -> bool {
        let stream = self.world.http.get(id);
        let plugin = stream.and_then(|it| Some(it.filters.get(index)?.plugin));
        let started = plugin.and_then(|plugin| self.plugins.get(plugin));
        started.is_some_and(|started| started.plugin.allow_on_headers_stop_iteration)
    }

    /// What is to be done outside, in order.
    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.world.effects.pop_front()
    }

    /// A stream that is alive, or finished and not yet forgotten.
    pub(crate) fn stream(&self, id: StreamId) -> Option<&crate::host::stream::Stream> {
        self.world.http.get(id)
    }

    // --- root callbacks ---

    /// The tick timer of a root context has run out (rule Q1).
    pub(crate) fn tick(&mut self, root: RootId) {
        let Some(machine) = self.vms.get_mut(root.vm) else {
            return;
        };
        let ticked: Result<_, VmFailed> = machine.call(
            &mut self.world,
            root.context,
            |it| &mut it.tick,
            root.context,
        );
        let index = machine.state().root_index(root.context);
        let period = machine.state().roots.get(index).and_then(|root| root.tick);
        if ticked.is_ok() {
            self.world.effects.push_back(Effect::Tick(root, period));
        }
        self.run_after(root.vm);
    }

    /// A queue of a root context has an item (rule Q2).
    pub(crate) fn queue_ready(&mut self, root: RootId, token: u32) {
        if let Some(machine) = self.vms.get_mut(root.vm) {
            let params = (root.context, token);
            let _: Result<_, VmFailed> = machine.call(
                &mut self.world,
                root.context,
                |it| &mut it.queue_ready,
                params,
            );
            self.run_after(root.vm);
        }
    }

    /// The answer to an HTTP call (rules C2 to C4).
    pub(crate) fn http_call_response(&mut self, call: CallId, response: CallResponse) {
        let CallId { root, token } = call;
        let Some(machine) = self.vms.get_mut(root.vm) else {
            return;
        };
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let params = (
            root.context,
            token,
            count(response.headers.len()),
            count(response.body.len()),
            count(response.trailers.len()),
        );
        machine
            .state()
            .set_call_response(root.context, Some(response));
        let _: Result<_, VmFailed> = machine.call(
            &mut self.world,
            root.context,
            |it| &mut it.http_call_response,
            params,
        );
        machine.state().set_call_response(root.context, None);
        self.run_after(root.vm);
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
