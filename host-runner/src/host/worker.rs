//! A worker: the VMs of all listeners' plugins, started and configured, on one thread (rules L1 to L5), and its streams.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::engine::{Engine, LoadError, Module};
use crate::host::chain::Chain;
use crate::host::effect::{Effect, RootId};
use crate::host::traffic::Traffic;
use crate::host::vm::{Vm, VmFailed};
use crate::host::vm_state::{Context, PluginIdentity, Shared, VmState};
use crate::listener::{Cluster, FailurePolicy, Listener, Plugin, VmOptions, cluster_name};

/// A VM that failed is replaced no sooner than this after it was made (rule T3).
const RELOAD_BACKOFF: Duration = Duration::from_secs(1);

/// The VMs of one thread, and the streams that pass them.
pub(crate) struct Worker {
    /// Unique in the process.
    pub(crate) number: u64,
    engine: Arc<Engine>,
    traffic: Traffic<'static>,
    plugins: Vec<Started>,
    pub(super) chains: Vec<Arc<Chain>>,
    clusters: Arc<[String]>,
}

/// What makes a VM another VM.
type VmKey = (VmOptions, String, Vec<String>);

/// A plugin in its VM.
struct Started {
    plugin: Plugin,
    module: Arc<Module>,
    root: RootId,
}

/// A plugin in the chain of one stream or connection.
pub(super) struct Placed {
    /// Whether 1 from its headers callbacks stops the headers only (rule A1).
    pub(super) may_stop_headers: bool,
    /// Index of its VM; none when that has failed already and the plugin fails closed (rule T3).
    pub(super) vm: Option<usize>,
    pub(super) context: u32,
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

impl Deref for Worker {
    type Target = Traffic<'static>;

    fn deref(&self) -> &Self::Target {
        &self.traffic
    }
}

impl DerefMut for Worker {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.traffic
    }
}

impl Worker {
    /// Starts and configures every plugin of every listener.
    pub(crate) fn start(
        engine: &Arc<Engine>,
        listeners: &[Listener],
        shared: &Shared,
    ) -> Result<Self, StartError> {
        let mut worker = Self::idle(engine, listeners, shared);
        let mut machines = HashMap::new();
        for listener in listeners {
            let first = worker.plugins.len();
            for plugin in &listener.plugins {
                worker.start_plugin(plugin, &mut machines)?;
            }
            let plugins = first..worker.plugins.len();
            worker
                .chains
                .push(Arc::new(Chain::new(listener, listeners, plugins)));
        }
        Ok(worker)
    }

    /// Starts each plugin once in a VM of its own, which is then dropped without a word: whoever refuses its
    /// configuration does so here (rule L2).
    pub(crate) fn rehearse(
        engine: &Arc<Engine>,
        listeners: &[Listener],
        shared: &Shared,
    ) -> Result<(), StartError> {
        for plugin in listeners.iter().flat_map(|listener| &listener.plugins) {
            let mut canary = Self::idle(engine, listeners, shared);
            canary.start_plugin(plugin, &mut HashMap::new())?;
        }
        Ok(())
    }

    /// Starts one plugin alone, in a VM that is then dropped: no call that it makes is answered.
    pub(crate) fn start_alone(
        engine: &Arc<Engine>,
        listener: &Listener,
        plugin: &Plugin,
        shared: &Shared,
    ) -> Result<(), StartError> {
        let mut canary = Self::idle(engine, std::slice::from_ref(listener), shared);
        canary.start_plugin(plugin, &mut HashMap::new())
    }

    fn idle(engine: &Arc<Engine>, listeners: &[Listener], shared: &Shared) -> Self {
        let names = listeners.iter().flat_map(|listener| {
            let clusters = listener.clusters.iter();
            clusters.map(|cluster| cluster_name(listeners, listener, &cluster.name))
        });
        Self {
            number: shared.next_worker(),
            engine: Arc::clone(engine),
            traffic: Traffic::new(shared.clone()),
            plugins: Vec::new(),
            chains: Vec::new(),
            clusters: names.collect(),
        }
    }

    // Plugins with equal options and the same module share a VM (rule L4).
    fn start_plugin(
        &mut self,
        plugin: &Plugin,
        machines: &mut HashMap<VmKey, usize>,
    ) -> Result<(), StartError> {
        let module = self.load(plugin)?;
        let key = vm_key(plugin);
        let vm = match machines.get(&key) {
            Some(vm) => Ok(*vm),
            None => self.new_vm(plugin, &module),
        };
        let root = vm.and_then(|vm| {
            machines.insert(key, vm);
            self.configure(plugin, vm)
        });
        let root = root.ok().flatten().ok_or_else(|| StartError::Refused {
            plugin: plugin.name.clone(),
            said: last_words(&self.shared, &plugin.name),
        })?;
        self.plugins.push(Started {
            plugin: plugin.clone(),
            module,
            root,
        });
        Ok(())
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
        let index = self.world.vms.next();
        let mut state = VmState::new(index, plugin.vm_id(), module.abi, self.shared.clone());
        state.configuration = plugin.vm.configuration.clone().into_bytes();
        state.environment = plugin.vm.environment.clone();
        state.name.clone_from(&plugin.name);
        state.worker = self.number;
        state.clusters = Arc::clone(&self.clusters);
        let allowed = &plugin.allowed_capabilities;
        let is_allowed = |name: &str| self.engine.calls(allowed, name);
        let vm = Vm::new(&self.engine, module, state, is_allowed)?;
        self.world.vms.add(vm);
        Ok(index)
    }

    // A root context, its VM start and its configuration (rule L5); none when the plugin refuses.
    fn configure(&mut self, plugin: &Plugin, vm: usize) -> Result<Option<RootId>, VmFailed> {
        let identity = PluginIdentity {
            name: plugin.name.clone(),
            root_id: plugin.root_id().to_owned(),
            vm_id: plugin.vm_id().to_owned(),
        };
        let configuration = plugin.configuration.to_bytes();
        let size = u32::try_from(configuration.len()).unwrap_or(u32::MAX);
        let vm_size = u32::try_from(plugin.vm.configuration.len()).unwrap_or(u32::MAX);
        let state = self.state(vm).ok_or(VmFailed)?;
        let root = state.new_root(identity, configuration);
        // Its configuration is there when it is created and when it is configured, but not in between.
        self.set_configuring(vm, root, true);
        self.call(vm, root, |it| &it.context_create, (root, 0))?;
        self.set_configuring(vm, root, false);
        let started = self.call(vm, root, |it| &it.vm_start, (root, vm_size))?;
        self.set_configuring(vm, root, true);
        let configured = self.call(vm, root, |it| &it.configure, (root, size))?;
        self.set_configuring(vm, root, false);
        self.run_after(vm);
        let refused = started == Some(0) || configured == Some(0);
        Ok((!refused).then_some(RootId { vm, context: root }))
    }

    fn set_configuring(&mut self, vm: usize, root: u32, configuring: bool) {
        if let Some(state) = self.state(vm) {
            state.set_configuring(root, configuring);
        }
    }

    /// The filters of a new stream or connection, with their context ids.
    pub(super) fn new_filters<T>(
        &mut self,
        chain: &Chain,
        context: impl Fn(usize, usize) -> Context,
        filter: impl Fn(Placed) -> T,
    ) -> Vec<T> {
        let mut filters = Vec::new();
        for index in chain.plugins.clone() {
            let vm = self.usable_vm(index);
            let Some(Started { plugin, .. }) = self.plugins.get(index) else {
                continue;
            };
            let may_stop_headers = plugin.allow_on_headers_stop_iteration;
            let place = |vm, context| {
                filter(Placed {
                    may_stop_headers,
                    vm,
                    context,
                })
            };
            match vm {
                None if plugin.failure_policy == FailurePolicy::FailOpen => {}
                None => filters.push(place(None, 0)),
                Some(root) => {
                    let Some(state) = self.traffic.state(root.vm) else {
                        continue;
                    };
                    let root_index = state.root_index(root.context);
                    let context = state.new_context(context(filters.len(), root_index));
                    filters.push(place(Some(root.vm), context));
                }
            }
        }
        filters
    }

    // The plugin's VM, or a new one where the old has failed and the policy asks for it (rule T3).
    fn usable_vm(&mut self, plugin: usize) -> Option<RootId> {
        let started = self.plugins.get(plugin)?;
        let machine = self.world.vms.get(started.root.vm)?;
        if !machine.failed() {
            return Some(started.root);
        }
        let may_reload = started.plugin.failure_policy == FailurePolicy::FailReload;
        let (now, old) = (self.shared.clock.instant(), started.root.vm);
        if !may_reload || now < machine.loaded + RELOAD_BACKOFF {
            return None;
        }
        let Some(root) = self.reload(plugin) else {
            self.world.vms.get_mut(old)?.loaded = now;
            return None;
        };
        self.plugins.get_mut(plugin)?.root = root;
        self.world.effects.push_back(Effect::DropCallouts(old));
        self.drop_unused(old);
        Some(root)
    }

    fn reload(&mut self, plugin: usize) -> Option<RootId> {
        let started = self.plugins.get(plugin)?;
        let (plugin_config, module) = (started.plugin.clone(), Arc::clone(&started.module));
        let vm = match self.reloaded_vm(plugin) {
            Some(vm) => vm,
            None => self.new_vm(&plugin_config, &module).ok()?,
        };
        let root = self.configure(&plugin_config, vm).ok().flatten();
        if root.is_none() {
            self.drop_unused(vm);
        }
        root
    }

    // Streams that began in it find it gone, which is as good as failed.
    fn drop_unused(&mut self, vm: usize) {
        if self.plugins.iter().all(|started| started.root.vm != vm) {
            self.world.vms.drop(vm);
        }
    }

    // The VM that another plugin of the failed one was given already (rule L4).
    fn reloaded_vm(&mut self, plugin: usize) -> Option<usize> {
        let key = vm_key(&self.plugins.get(plugin)?.plugin);
        let shares = |started: &&Started| vm_key(&started.plugin) == key;
        let candidates = self.plugins.iter().filter(shares);
        let mut vms: Vec<_> = candidates.map(|started| started.root.vm).collect();
        vms.retain(|vm| {
            self.world
                .vms
                .get(*vm)
                .is_some_and(|machine| !machine.failed())
        });
        vms.pop()
    }

    /// The chain of the listener of that index.
    pub(crate) fn chain(&self, index: usize) -> Option<Arc<Chain>> {
        self.chains.get(index).map(Arc::clone)
    }

    /// A cluster by its name in the whole proxy.
    pub(crate) fn cluster(&self, name: &str) -> Option<&Cluster> {
        let mut clusters = self.chains.iter().flat_map(|chain| &chain.clusters);
        clusters.find(|cluster| cluster.name == name)
    }

    /// Whether HTTP/1 trailers pass at the cluster of that name (rule L12).
    pub(crate) fn passes_trailers(&self, cluster: &str) -> bool {
        let mut chains = self.chains.iter();
        let chain = chains.find(|chain| chain.clusters.iter().any(|it| it.name == cluster));
        chain.is_some_and(|chain| chain.trailers)
    }
}

fn vm_key(plugin: &Plugin) -> VmKey {
    (
        plugin.vm.clone(),
        plugin.module.sha256.clone(),
        plugin.allowed_capabilities.clone(),
    )
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
