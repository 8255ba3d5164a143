//! The live front: an HTTP/1.1 and h2c reverse proxy that runs a listener's filter chain on every request, and a TCP
//! proxy that runs it on every connection.
//!
//! It plays the part of Envoy's connection manager and router around the host engine; what each does to a request is
//! in `request_head`, `driver`, `forward` and `respond`; `tcp` is the TCP proxy.

mod body;
mod call;
mod driver;
mod forward;
mod gate;
mod grpc;
mod hop_by_hop;
mod refused;
mod request_head;
mod reset_reason;
mod respond;
mod serve;
mod tcp;
mod upstreams;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::driver::{Driver, Fleet};
use crate::engine::{Engine, EngineOptions};
use crate::host::log_store::LogStore;
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::listener::{Listener, Protocol};
use crate::subject::{CallbackCost, LogLine, Subject};
use crate::trace::Recorder;

/// host-runner as a running proxy. Dropping it closes every listener.
#[derive(Debug)]
pub struct Front {
    addresses: HashMap<String, SocketAddr>,
    shared: Shared,
    _main_thread: Arc<Driver>,
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
    /// What is other than in Envoy: limits, metering, a profile.
    pub engine: EngineOptions,
    /// Who is told of every callback and hostcall; for hostcalls the engine must count costs too.
    pub trace: Option<Recorder>,
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

// === impl FrontOptions ===

impl Default for FrontOptions {
    fn default() -> Self {
        Self {
            logs: Logs::Keep,
            workers: 1,
            engine: EngineOptions::default(),
            trace: None,
        }
    }
}

// === impl Front ===

impl Front {
    /// Starts every plugin of every listener, then listens.
    ///
    /// # Errors
    /// When a module does not load, a plugin refuses its configuration, or an address cannot be listened on. Nothing
    /// is left running then.
    pub fn start(listeners: &[Listener], options: &FrontOptions) -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the asynchronous runtime")?;
        let store = match options.logs {
            Logs::Keep => LogStore::default(),
            Logs::Print => LogStore::echoing(),
        };
        let shared = Shared {
            logs: Arc::new(store),
            trace: options.trace.clone(),
            ..Shared::default()
        };
        let engine = Arc::new(Engine::new(&options.engine)?);
        let sockets = listen(&runtime, listeners)?;
        Worker::rehearse(&engine, listeners, &shared)?;
        let fleet = Arc::<Fleet>::default();
        let start = || Worker::start(&engine, listeners, &shared);
        let inside = runtime.enter();
        // The main thread has every plugin too, with its timers and queues, but no streams (rule L2).
        let main_thread = Driver::new(start()?, &fleet);
        let workers = (0..options.workers.max(1)).map(|_| Ok(Driver::new(start()?, &fleet)));
        let workers: Vec<_> = workers.collect::<anyhow::Result<_>>()?;
        let mut addresses = HashMap::new();
        for (index, (listener, socket)) in listeners.iter().zip(sockets).enumerate() {
            let address = socket
                .local_addr()
                .context("a listening socket has an address")?;
            addresses.insert(listener.name.clone(), address);
            match listener.protocol {
                Protocol::Http => {
                    let proxy = serve::Proxy::new(workers.clone(), (index, listener), &shared);
                    runtime.spawn(serve::accept(socket, Arc::new(proxy)));
                }
                Protocol::Tcp => {
                    runtime.spawn(tcp::accept(socket, workers.clone(), index));
                }
            }
        }
        drop(inside);
        Ok(Self {
            addresses,
            _main_thread: main_thread,
            shared,
            runtime: Some(runtime),
        })
    }
}

impl Subject for Front {
    fn name(&self) -> &'static str {
        "runner"
    }

    fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.get(listener).copied()
    }

    fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.shared.logs.of(plugin)
    }

    fn set_clock(&self, now: SystemTime) -> bool {
        self.shared.clock.set(now);
        true
    }

    fn take_costs(&self, plugin: &str) -> Vec<CallbackCost> {
        self.shared.costs.take(plugin)
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
