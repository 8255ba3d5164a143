//! The live front: an HTTP/1.1 and h2c reverse proxy that runs a listener's filter chain on every request, and a TCP
//! proxy that runs it on every connection.
//!
//! It plays the part of Envoy's connection manager and router around the host engine; what each does to a request is
//! in `request_head`, `driver`, `forward` and `respond`; `tcp` is the TCP proxy.

mod answer;
pub(crate) mod body;
pub(crate) mod call;
mod driver;
pub(crate) mod forward;
pub(crate) mod gate;
mod grpc;
mod held;
mod hop_by_hop;
mod http1;
mod lineup;
mod peer;
mod read;
pub(crate) mod refused;
pub(crate) mod request_head;
pub(crate) mod reset_reason;
pub(crate) mod respond;
mod serve;
mod taping;
mod tcp;
#[cfg(test)]
mod tests;
pub(crate) mod upstreams;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context as _, anyhow, bail};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::driver::{Driver, Fleet};
use self::lineup::Lineup;
use crate::engine::{Engine, EngineOptions};
use crate::host::faults::{FaultPlan, Faults};
use crate::host::log_store::LogStore;
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::listener::{Listener, Protocol};
use crate::record::Session;
use crate::subject::{CallbackCost, LogLine, Subject};
use crate::trace::Recorder;

/// host-runner as a running proxy. Dropping it closes every listener.
#[derive(Debug)]
pub struct Front {
    addresses: HashMap<String, SocketAddr>,
    serving: Serving,
    // Dropped last: it runs everything above.
    runtime: Option<Runtime>,
}

/// How to run a front.
#[derive(Debug, Clone)]
pub struct FrontOptions {
    /// What happens to the lines that plugins log.
    pub logs: Logs,
    /// Worker threads, as Envoy's `--concurrency`: each has VMs of its own.
    pub workers: usize,
    /// Threads of the system that do their work; none is one for each core. On one, what arrives first is dealt with
    /// first, as on a worker of Envoy.
    pub threads: Option<usize>,
    /// What is other than in Envoy: limits, metering, a profile.
    pub engine: EngineOptions,
    /// Who is told of every callback and hostcall; for hostcalls the engine must count costs too.
    pub trace: Option<Recorder>,
    /// Where streams are recorded to.
    pub record: Option<Session>,
    /// What goes wrong on purpose in hostcalls; calls to clusters are real here, and fail as those do.
    pub faults: FaultPlan,
}

/// What happens to the lines that plugins log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Logs {
    /// Kept for [`Subject::logs`].
    #[default]
    Keep,
    /// Kept, and printed to standard error from level info on.
    Print,
}

/// What a reload replaces, and what it needs for that.
struct Serving {
    engine: Arc<Engine>,
    shared: Shared,
    listeners: Vec<Listener>,
    workers: usize,
    fleet: Arc<Fleet>,
    main_thread: Mutex<Arc<Driver>>,
    lineup: Arc<Lineup>,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Serving").finish_non_exhaustive()
    }
}

// === impl FrontOptions ===

impl Default for FrontOptions {
    fn default() -> Self {
        Self {
            logs: Logs::Keep,
            workers: 1,
            threads: None,
            engine: EngineOptions::default(),
            trace: None,
            record: None,
            faults: FaultPlan::new(),
        }
    }
}

// === impl Front ===

impl Front {
    /// Binds every address, starts every plugin of every listener, then serves.
    ///
    /// # Errors
    /// When a module does not load, a plugin refuses its configuration, or an address cannot be listened on. Nothing
    /// is left running then.
    pub fn start(listeners: &[Listener], options: &FrontOptions) -> anyhow::Result<Self> {
        let (engine, opened) = std::thread::scope(|scope| {
            let engine = scope.spawn(|| loaded(&options.engine, listeners));
            let opened = open(options.threads, listeners);
            (engine.join(), opened)
        });
        let (runtime, sockets) = opened?;
        let engine = engine.map_err(|_| anyhow!("loading the modules broke down"))??;
        let store = match options.logs {
            Logs::Keep => LogStore::default(),
            Logs::Print => LogStore::echoing(),
        };
        let shared = Shared {
            logs: Arc::new(store),
            trace: options.trace.clone(),
            faults: Arc::new(Faults::new(options.faults.clone())),
            ..Shared::default()
        };
        Worker::rehearse(&engine, listeners, &shared)?;
        let fleet = Arc::<Fleet>::default();
        let inside = runtime.enter();
        let count = options.workers.max(1);
        let (main_thread, workers) = drivers(&engine, listeners, &shared, (&fleet, count))?;
        let lineup = Arc::new(Lineup::new(workers));
        let mut addresses = HashMap::new();
        for (index, (listener, socket)) in listeners.iter().zip(sockets).enumerate() {
            let address = socket
                .local_addr()
                .context("a listening socket has an address")?;
            addresses.insert(listener.name.clone(), address);
            match listener.protocol {
                Protocol::Http => {
                    let proxy = serve::Proxy::new(Arc::clone(&lineup), (index, listener), &shared)
                        .recorded_to(options.record.clone());
                    runtime.spawn(serve::accept(socket, Arc::new(proxy)));
                }
                Protocol::Tcp => {
                    runtime.spawn(tcp::accept(socket, Arc::clone(&lineup), index));
                }
            }
        }
        drop(inside);
        Ok(Self {
            addresses,
            serving: Serving {
                engine,
                shared,
                listeners: listeners.to_vec(),
                workers: count,
                fleet,
                main_thread: Mutex::new(main_thread),
                lineup,
            },
            runtime: Some(runtime),
        })
    }

    /// Serves new streams with these listeners; streams in flight end as they began.
    ///
    /// # Errors
    /// When a plugin does not start, or an address or a listener's name or protocol is another one. Nothing has changed
    /// then.
    pub fn reload(&self, listeners: &[Listener]) -> anyhow::Result<()> {
        let serving = &self.serving;
        let sockets = |it: &Listener| (it.name.clone(), it.address, it.protocol, it.trailers);
        if !listeners
            .iter()
            .map(sockets)
            .eq(serving.listeners.iter().map(sockets))
        {
            bail!("the name, address or protocol of a listener has changed, which needs a restart");
        }
        let runtime = self.runtime.as_ref().context("the front has ended")?;
        let _inside = runtime.enter();
        let (engine, shared) = (&serving.engine, &serving.shared);
        Worker::rehearse(engine, listeners, shared)?;
        let fleet = (&serving.fleet, serving.workers);
        let (main_thread, workers) = drivers(engine, listeners, shared, fleet)?;
        serving.lineup.replace(workers);
        *serving
            .main_thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = main_thread;
        Ok(())
    }
}

// What is wrong with a module is said when its plugin starts.
fn loaded(options: &EngineOptions, listeners: &[Listener]) -> anyhow::Result<Arc<Engine>> {
    let engine = Engine::new(options)?;
    for plugin in listeners.iter().flat_map(|listener| &listener.plugins) {
        let _ = engine.load(&plugin.module, &plugin.allowed_capabilities);
    }
    Ok(Arc::new(engine))
}

fn open(
    threads: Option<usize>,
    listeners: &[Listener],
) -> anyhow::Result<(Runtime, Vec<TcpListener>)> {
    let runtime = runtime(threads).context("cannot start the asynchronous runtime")?;
    let sockets = listen(&runtime, listeners)?;
    Ok((runtime, sockets))
}

fn runtime(threads: Option<usize>) -> std::io::Result<Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        runtime.worker_threads(threads.max(1));
    }
    runtime.enable_all().build()
}

// The main thread, which has every plugin too, with its timers and queues, but no streams (rule L2); and the workers.
fn drivers(
    engine: &Arc<Engine>,
    listeners: &[Listener],
    shared: &Shared,
    (fleet, workers): (&Arc<Fleet>, usize),
) -> anyhow::Result<(Arc<Driver>, Vec<Arc<Driver>>)> {
    let start = || Worker::start(engine, listeners, shared);
    let main_thread = Driver::new(start()?, fleet);
    let workers = (0..workers).map(|_| Ok(Driver::new(start()?, fleet)));
    Ok((main_thread, workers.collect::<anyhow::Result<_>>()?))
}

impl Subject for Front {
    fn name(&self) -> &str {
        "runner"
    }

    fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.get(listener).copied()
    }

    fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.serving.shared.logs.of(plugin)
    }

    fn set_clock(&self, now: SystemTime) -> bool {
        self.serving.shared.clock.set(now);
        true
    }

    fn take_costs(&self, plugin: &str) -> Vec<CallbackCost> {
        self.serving.shared.costs.take(plugin)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

// Before any plugin starts, so that a port that is taken is known at once.
fn listen(runtime: &Runtime, listeners: &[Listener]) -> anyhow::Result<Vec<TcpListener>> {
    let sockets = listeners.iter().map(|listener| {
        let socket = runtime.block_on(TcpListener::bind(listener.address));
        socket.with_context(|| format!("cannot listen on {}", listener.address))
    });
    sockets.collect()
}
