//! The live front: an HTTP/1.1 and h2c reverse proxy that runs a listener's filter chain on every request.
//!
//! It plays the part of Envoy's connection manager and router around the host engine; what each does to a request is
//! in `request_head`, `driver`, `forward` and `respond`.

mod body;
mod driver;
mod forward;
mod gate;
mod hop_by_hop;
mod refused;
mod request_head;
mod respond;
mod serve;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::engine::{Engine, EngineOptions};
use crate::host::log_store::LogStore;
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::listener::Listener;
use crate::subject::{CallbackCost, LogLine, Subject};

/// host-runner as a running proxy. Dropping it closes every listener.
#[derive(Debug)]
pub struct Front {
    addresses: HashMap<String, SocketAddr>,
    shared: Shared,
    // Dropped last: it runs everything above.
    runtime: Option<Runtime>,
}

/// What happens to the lines that plugins log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// Kept for [`Subject::logs`].
    Keep,
    /// Kept, and printed to standard error from level info on.
    Print,
}

// === impl Front ===

impl Front {
    /// Starts every plugin of every listener, then listens.
    ///
    /// # Errors
    /// When a module does not load, a plugin refuses its configuration, or an address cannot be listened on. Nothing
    /// is left running then.
    pub fn start(listeners: &[Listener], logs: Logs) -> anyhow::Result<Self> {
        Self::start_with(listeners, logs, &EngineOptions::default())
    }

    /// The same, with an engine that differs from Envoy's.
    ///
    /// # Errors
    /// As [`Front::start`].
    pub fn start_with(
        listeners: &[Listener],
        logs: Logs,
        options: &EngineOptions,
    ) -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the asynchronous runtime")?;
        let store = match logs {
            Logs::Keep => LogStore::default(),
            Logs::Print => LogStore::echoing(),
        };
        let shared = Shared {
            logs: Arc::new(store),
            ..Shared::default()
        };
        let engine = Arc::new(Engine::new(options)?);
        let mut addresses = HashMap::new();
        for listener in listeners {
            let address = start_one(&engine, &runtime, listener, &shared)?;
            addresses.insert(listener.name.clone(), address);
        }
        Ok(Self {
            addresses,
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

fn start_one(
    engine: &Arc<Engine>,
    runtime: &Runtime,
    listener: &Listener,
    shared: &Shared,
) -> anyhow::Result<SocketAddr> {
    let socket = runtime
        .block_on(TcpListener::bind(listener.address))
        .with_context(|| format!("cannot listen on {}", listener.address))?;
    let address = socket
        .local_addr()
        .context("a listening socket has an address")?;
    let worker = Worker::start(engine, listener, shared)?;
    let _inside = runtime.enter();
    let driver = driver::Driver::new(worker, listener.clusters.clone());
    let proxy = serve::Proxy::new(driver, shared);
    runtime.spawn(serve::accept(socket, Arc::new(proxy)));
    Ok(address)
}
