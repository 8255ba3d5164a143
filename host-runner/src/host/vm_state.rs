//! What hostcalls reach while guest code runs: the contexts of a VM, whose callback is running, and the world.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use meshwright_core::id_map::IdMap;
use wasmtime::{Memory, TypedFunc};

use crate::abi::{AbiVersion, HostcallResult, Status};
use crate::engine::limits::Limits;
use crate::foreign::Expressions;
use crate::host::callbacks::Callbacks;
use crate::host::callout::{Callouts, Tokens};
use crate::host::clock::Clock;
use crate::host::cost_store::CostStore;
use crate::host::effect::RootId;
use crate::host::faults::Faults;
use crate::host::filter_state::Prototypes;
use crate::host::grpc::Unavailable;
use crate::host::log_store::LogStore;
use crate::host::reply::LocalReply;
use crate::host::stores::metrics::{Metrics, Stats};
use crate::host::stores::queues::Queues;
use crate::host::stores::shared_data::SharedData;
use crate::host::stream::{Direction, Stream};
use crate::host::tcp::TcpConnection;
use crate::host::world::{StreamId, World};
use crate::subject::Cost;
use crate::trace::{self, Recorder};

/// The host's side of one VM.
pub(crate) struct VmState {
    /// Its worker's number in the process, and its index there.
    pub(crate) worker: u64,
    pub(crate) index: usize,
    /// The names that callouts may use.
    pub(crate) clusters: Arc<[String]>,
    pub(crate) id: String,
    /// The plugin it was made for, which is who logs before there is a root context.
    pub(crate) name: String,
    pub(crate) configuration: Vec<u8>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) abi: AbiVersion,
    pub(crate) shared: Shared,
    /// What it may use, and what it has used since it was made.
    pub(crate) limits: Limits,
    pub(crate) cost: Cost,
    /// The worker's streams, here only while a callback runs.
    pub(crate) world: Box<World>,
    pub(crate) memory: Option<Memory>,
    pub(crate) malloc: Option<Arc<TypedFunc<u32, u32>>>,
    /// What it exports, for those who enter it from within a hostcall.
    pub(crate) callbacks: Arc<Callbacks>,
    /// Whether a callback has trapped (rule T1).
    pub(crate) failed: bool,
    pub(crate) contexts: IdMap<u32, Context>,
    /// Those that were deleted while a callback could still reach them.
    pub(crate) deleted: Vec<u32>,
    pub(crate) roots: Vec<Root>,
    pub(crate) tokens: Tokens,
    pub(crate) metrics: Metrics,
    /// The context whose callback is running.
    pub(crate) current: u32,
    /// The name of that callback.
    pub(crate) callback: &'static str,
    /// The one that hostcalls act on instead; 0 is none (section 1.4).
    pub(crate) effective: u32,
    /// Whether the callback's result is overruled by a local reply (rule A4).
    pub(crate) stop_iteration: bool,
    /// How many callbacks wait in a hostcall while another one runs.
    pub(crate) depth: u32,
    /// Whether the guest's allocator trapped in the callback that runs; the VM fails after it (rule M1).
    pub(crate) malloc_trapped: bool,
    /// Whether the host is in the guest's allocator (rule V11).
    pub(crate) allocating: bool,
    /// The buffer that each context asked for last, which is its buffer 8 (rule U1).
    pub(crate) last_buffers: IdMap<u32, u32>,
    /// What is done when the callback has returned (rules R1, Y1).
    pub(crate) after: VecDeque<After>,
    /// gRPC calls that could not begin, told of after that.
    pub(crate) unavailable: VecDeque<Unavailable>,
    last_context: u32,
}

/// What an id stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Context {
    /// Index into the VM's roots.
    Root(usize),
    /// A filter of a stream, and the index of its root.
    Http {
        stream: StreamId,
        filter: usize,
        root: usize,
    },
    /// A network filter of a connection, and the index of its root.
    Tcp {
        stream: StreamId,
        filter: usize,
        root: usize,
    },
}

/// A plugin's root context.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) context: u32,
    pub(crate) plugin: PluginIdentity,
    pub(crate) configuration: Vec<u8>,
    /// Buffer 7 is readable only while the plugin is being configured (rule L5).
    pub(crate) configuring: bool,
    pub(crate) callouts: Callouts,
    pub(crate) tick: Option<Duration>,
    /// Buffer 8 after a question for addresses (section 1.3).
    pub(crate) addresses: Vec<u8>,
    /// What it declared of the properties that its streams set (rule F4).
    pub(crate) prototypes: Prototypes,
    pub(crate) expressions: Expressions,
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
    pub(crate) costs: Arc<CostStore>,
    pub(crate) data: Arc<SharedData>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) workers: Arc<AtomicU64>,
    /// What goes wrong on purpose.
    pub(crate) faults: Arc<Faults>,
    /// Who wants to know of every callback and hostcall.
    pub(crate) trace: Option<Recorder>,
}

/// Something a hostcall asked for that waits until its callback has returned.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) stream: StreamId,
    pub(crate) filter: usize,
    pub(crate) action: Action,
}

/// See [`After`].
#[derive(Debug)]
pub(crate) enum Action {
    Continue(Direction),
    Reset,
    Reply(Box<LocalReply>),
    /// A held body has changed its size: look at the limit (rule B2).
    CheckBuffer(Direction),
    /// The connection goes on to the filters after this one.
    ContinueReading,
    CloseConnection,
}

// === impl VmState ===

impl VmState {
    pub(crate) fn new(index: usize, id: &str, abi: AbiVersion, shared: Shared) -> Self {
        Self {
            worker: 0,
            index,
            clusters: Arc::default(),
            id: id.to_owned(),
            name: String::new(),
            configuration: Vec::new(),
            environment: BTreeMap::new(),
            abi,
            limits: Limits::default(),
            cost: Cost::default(),
            world: Box::default(),
            memory: None,
            malloc: None,
            callbacks: Arc::default(),
            failed: false,
            contexts: IdMap::default(),
            deleted: Vec::new(),
            roots: Vec::new(),
            tokens: Tokens::default(),
            metrics: Metrics::new(Arc::clone(&shared.stats)),
            current: 0,
            callback: "instantiation",
            effective: 0,
            stop_iteration: false,
            depth: 0,
            malloc_trapped: false,
            allocating: false,
            last_buffers: IdMap::default(),
            after: VecDeque::new(),
            unavailable: VecDeque::new(),
            last_context: 0,
            shared,
        }
    }

    /// A state for checking imports, never run.
    pub(crate) fn for_linking() -> Self {
        Self::new(0, "", AbiVersion::default(), Shared::default())
    }

    /// A new id; roots and streams share the counter (rule L3).
    pub(crate) fn new_context(&mut self, context: Context) -> u32 {
        loop {
            self.last_context = self.last_context.wrapping_add(1);
            let free = !self.contexts.contains_key(&self.last_context);
            if free && self.last_context != 0 {
                break;
            }
        }
        self.contexts.insert(self.last_context, context);
        self.last_context
    }

    pub(crate) fn new_root(&mut self, plugin: PluginIdentity, configuration: Vec<u8>) -> u32 {
        let context = self.new_context(Context::Root(self.roots.len()));
        self.roots.push(Root {
            context,
            plugin,
            configuration,
            configuring: false,
            callouts: Callouts::default(),
            tick: None,
            addresses: Vec::new(),
            prototypes: Prototypes::default(),
            expressions: Expressions::default(),
        });
        context
    }

    /// Where the root context of that id is among the roots.
    pub(crate) fn root_index(&self, context: u32) -> usize {
        let index = self.roots.iter().position(|root| root.context == context);
        index.unwrap_or(usize::MAX)
    }

    pub(crate) fn set_configuring(&mut self, context: u32, configuring: bool) {
        let index = self.root_index(context);
        if let Some(root) = self.roots.get_mut(index) {
            root.configuring = configuring;
        }
    }

    /// The calls of the root context of that id.
    pub(crate) fn callouts(&mut self, context: u32) -> Option<&mut Callouts> {
        let index = self.root_index(context);
        Some(&mut self.roots.get_mut(index)?.callouts)
    }

    /// The context that hostcalls act on.
    pub(crate) fn target(&self) -> Option<Context> {
        let id = if self.effective == 0 {
            self.current
        } else {
            self.effective
        };
        self.contexts.get(&id).copied()
    }

    /// Its id.
    pub(crate) fn target_id(&self) -> u32 {
        if self.effective == 0 {
            self.current
        } else {
            self.effective
        }
    }

    /// The stream and filter that hostcalls act on; none in a root context.
    pub(crate) fn target_filter(&self) -> Option<(StreamId, usize)> {
        match self.target()? {
            Context::Http { stream, filter, .. } => Some((stream, filter)),
            Context::Root(_) | Context::Tcp { .. } => None,
        }
    }

    pub(crate) fn stream(&self) -> Option<(&Stream, usize)> {
        let (id, filter) = self.target_filter()?;
        Some((self.world.http.get(id)?, filter))
    }

    pub(crate) fn stream_mut(&mut self) -> Option<(&mut Stream, usize)> {
        let (id, filter) = self.target_filter()?;
        Some((self.world.http.get_mut(id)?, filter))
    }

    /// The connection that hostcalls act on and the network filter's place in it.
    pub(crate) fn connection(&self) -> Option<(&TcpConnection, usize)> {
        match self.target()? {
            Context::Tcp { stream, filter, .. } => Some((self.world.tcp.get(stream)?, filter)),
            Context::Root(_) | Context::Http { .. } => None,
        }
    }

    pub(crate) fn connection_mut(&mut self) -> Option<(&mut TcpConnection, usize)> {
        match self.target()? {
            Context::Tcp { stream, filter, .. } => Some((self.world.tcp.get_mut(stream)?, filter)),
            Context::Root(_) | Context::Http { .. } => None,
        }
    }

    /// The root context that a context belongs to.
    pub(crate) fn parent(&self, context: u32) -> u32 {
        let root = self.contexts.get(&context).map(|it| it.root());
        root.and_then(|root| self.roots.get(root))
            .map_or(0, |root| root.context)
    }

    /// The root of the context that hostcalls act on.
    pub(crate) fn root(&self) -> Option<&Root> {
        self.roots.get(self.target()?.root())
    }

    /// What the root context that hostcalls act on was told last of addresses.
    pub(crate) fn addresses(&self) -> &[u8] {
        match self.target() {
            Some(Context::Root(index)) => self
                .roots
                .get(index)
                .map_or(&[], |root| root.addresses.as_slice()),
            _ => &[],
        }
    }

    /// It has asked for another buffer.
    pub(crate) fn forget_addresses(&mut self) {
        if let Some(Context::Root(index)) = self.target()
            && let Some(root) = self.roots.get_mut(index)
        {
            root.addresses.clear();
        }
    }

    /// What the worker knows that root by.
    pub(crate) fn root_id(&self) -> Option<RootId> {
        let context = self.root()?.context;
        Some(RootId {
            vm: self.index,
            context,
        })
    }

    pub(crate) fn root_mut(&mut self) -> Option<&mut Root> {
        let index = self.target()?.root();
        self.roots.get_mut(index)
    }

    /// Sets a property of the stream that hostcalls act on, as the root of its filter declared it (rule F4).
    pub(crate) fn set_property(&mut self, name: &[u8], value: Vec<u8>) -> HostcallResult {
        let target = self.target().ok_or(Status::NOT_FOUND)?;
        let Context::Http { stream, root, .. } = target else {
            return Err(Status::NOT_FOUND);
        };
        let stream = self.world.http.get_mut(stream).ok_or(Status::NOT_FOUND)?;
        let root = self.roots.get(root).ok_or(Status::NOT_FOUND)?;
        stream
            .info
            .state
            .set_property(name, value, &root.prototypes)
    }

    /// The context whose callback is running, whatever the effective one is.
    pub(crate) fn current_context(&self) -> Option<Context> {
        self.contexts.get(&self.current).copied()
    }

    /// Its root.
    pub(crate) fn current_root(&self) -> Option<&Root> {
        self.roots.get(self.current_context()?.root())
    }

    /// See [`VmState::current_root`].
    pub(crate) fn current_root_mut(&mut self) -> Option<&mut Root> {
        let index = self.current_context()?.root();
        self.roots.get_mut(index)
    }

    /// What the current context has declared.
    pub(crate) fn current_prototypes(&mut self) -> Option<&mut Prototypes> {
        match self.current_context()? {
            Context::Root(root) => Some(&mut self.roots.get_mut(root)?.prototypes),
            Context::Http { stream, filter, .. } => {
                let filters = &mut self.world.http.get_mut(stream)?.filters;
                Some(&mut filters.get_mut(filter)?.prototypes)
            }
            // What a connection's context declares has no effect, as in a stream's (rule F4).
            Context::Tcp { .. } => None,
        }
    }

    /// Leaves something to do until the callback has returned. Without a stream there is nothing to do it to (rule R4).
    pub(crate) fn defer(&mut self, action: Action) {
        if let Some((stream, filter)) = self.target_filter() {
            self.after.push_back(After {
                stream,
                filter,
                action,
            });
        }
    }

    /// As [`Self::defer`], to a connection.
    pub(crate) fn defer_to_connection(&mut self, action: Action) {
        if let Some(Context::Tcp { stream, filter, .. }) = self.target() {
            self.after.push_back(After {
                stream,
                filter,
                action,
            });
        }
    }

    pub(crate) fn log(&self, level: &str, message: String) {
        let name = self.root().map_or(&self.name, |root| &root.plugin.name);
        self.shared.logs.add(name, level, message);
    }

    /// Says that a filter did what crashes, hangs or confuses Envoy; it is not done here.
    pub(crate) fn refuse(&self, rule: &str, what: &str) {
        let text = format!("rule {rule}: {what}");
        trace::note(self, text.clone());
        self.log("error", text);
    }
}

// === impl Shared ===

impl Shared {
    /// A number that no other worker of the process has.
    pub(crate) fn next_worker(&self) -> u64 {
        self.workers.fetch_add(1, Ordering::Relaxed)
    }
}

// === impl Context ===

impl Context {
    pub(crate) fn root(self) -> usize {
        match self {
            Self::Root(root) | Self::Http { root, .. } | Self::Tcp { root, .. } => root,
        }
    }
}
