//! One plugin under the engine alone, without sockets: what `make bench-ratios` measures the engine with.
//!
//! It is the engine that serves, driven as a front drives it; only nobody reads what it wants to send.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, ensure};

use crate::engine::{Engine, EngineOptions};
use crate::host::chain::Chain;
use crate::host::effect::{Effect, HttpEffect};
use crate::host::filter_state::ConnectionState;
use crate::host::header_map::HeaderMap;
use crate::host::stream::{Connection, StreamInfo};
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::listener::{Cluster, Listener, Plugin, Route};

/// A plugin in a VM that is started and configured, and one connection whose requests it gets.
pub struct Bench {
    engine: Arc<Engine>,
    shared: Shared,
    listeners: [Listener; 1],
    worker: Worker,
    chain: Arc<Chain>,
    connection: Connection,
    state: ConnectionState,
}

/// Where the requests would go; nothing is ever sent there.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

impl std::fmt::Debug for Bench {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bench").finish_non_exhaustive()
    }
}

// === impl Bench ===

impl Bench {
    /// All that happens before the first request: an engine, the module compiled or found in the cache, a VM, and the
    /// plugin started and configured in it.
    ///
    /// # Errors
    /// When the module does not load, or the plugin refuses its configuration.
    pub fn start(plugin: Plugin, options: &EngineOptions) -> anyhow::Result<Self> {
        let engine = Arc::new(Engine::new(options)?);
        let shared = Shared::default();
        let listeners = [listener(plugin)];
        let worker = Worker::start(&engine, &listeners, &shared)?;
        let chain = worker.chain(0).context("one listener, one chain")?;
        Ok(Self {
            engine,
            shared,
            listeners,
            worker,
            chain,
            connection: Connection {
                id: 0,
                peer: NOWHERE,
                local: NOWHERE,
                protocol: "HTTP/2",
            },
            state: ConnectionState::default(),
        })
    }

    /// Makes another VM of the module, starts and configures the plugin in it, and drops it.
    ///
    /// # Errors
    /// When the plugin refuses its configuration this time.
    pub fn fresh_vm(&self) -> anyhow::Result<()> {
        Worker::start(&self.engine, &self.listeners, &self.shared)?;
        Ok(())
    }

    /// One stream: a request with these headers and no body passes the plugin, is taken for its cluster, and is given
    /// up by the client, so that the plugin logs and forgets it.
    ///
    /// # Errors
    /// When the plugin did not let it pass.
    pub fn stream(&mut self, headers: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut map = HeaderMap::request();
        for (name, value) in headers {
            map.add(name.as_bytes(), value.as_bytes());
        }
        let info = StreamInfo::new(self.connection, &self.shared.clock, self.state.clone());
        let id = self.worker.open(&self.chain, info, map, true);
        let passed = matches!(
            self.worker.next_effect(),
            Some(Effect::Http(of, HttpEffect::RequestHeaders { end: true, .. })) if of == id
        );
        ensure!(passed, "the plugin did not let the request pass");
        self.worker.client_gone(id);
        let finished = matches!(
            self.worker.next_effect(),
            Some(Effect::Http(of, HttpEffect::Finished)) if of == id
        );
        ensure!(finished, "the stream did not end with its client");
        self.worker.forget(id);
        Ok(())
    }
}

fn listener(plugin: Plugin) -> Listener {
    Listener {
        name: "bench".to_owned(),
        plugins: vec![plugin],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "nowhere".to_owned(),
        }],
        clusters: vec![Cluster::new("nowhere", NOWHERE)],
        ..Listener::default()
    }
}
