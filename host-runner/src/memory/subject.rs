//! A proxy in memory as a subject of scenarios.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;

use super::delivery::Delivery;
use super::proxy::{MemoryOptions, Proxy};
use super::upstream::Backend;
use crate::engine::EngineOptions;
use crate::host::faults::FaultPlan;
use crate::listener::{Listener, cluster_name};
use crate::scenario::client::{ClientRequest, Response};
use crate::subject::{CallbackCost, LogLine, Subject};
use crate::upstream::Responder;

/// host-runner's engine without sockets. Requests are sent one at a time.
#[derive(Debug)]
pub struct Memory {
    name: String,
    splits: bool,
    listeners: Vec<(String, SocketAddr)>,
    state: Mutex<State>,
}

/// How it delivers, and what its engine does.
#[derive(Debug, Clone, Default)]
pub struct MemorySubjectOptions {
    /// Limits, metering, a profile.
    pub engine: EngineOptions,
    /// How messages come; the default is as over sockets.
    pub delivery: Option<Delivery>,
    /// What is left to chance.
    pub seed: u64,
}

struct State {
    proxy: Proxy,
    // Where the clock stands when a request begins.
    instant: SystemTime,
}

// === impl Memory ===

impl Memory {
    /// Starts every plugin of every listener; each listener's upstreams answer by its responder.
    ///
    /// # Errors
    /// When a module does not load or a plugin refuses its configuration.
    pub fn start(
        listeners: &[(Listener, Responder)],
        options: &MemorySubjectOptions,
    ) -> anyhow::Result<Self> {
        let all: Vec<Listener> = listeners.iter().map(|(it, _)| it.clone()).collect();
        let mut backends = HashMap::new();
        for (listener, responder) in listeners {
            for cluster in &listener.clusters {
                let backend = Backend {
                    name: cluster.name.clone(),
                    responder: Arc::clone(responder),
                };
                backends.insert(cluster_name(&all, listener, &cluster.name), backend);
            }
        }
        let instant = SystemTime::now();
        let proxy = Proxy::start(
            &all,
            MemoryOptions {
                engine: options.engine.clone(),
                workers: 1,
                seed: Some(options.seed),
                delivery: options.delivery.unwrap_or_default(),
                faults: FaultPlan::default(),
                now: instant,
                trace: None,
                backends,
            },
        )?;
        let name = match options.delivery {
            Some(delivery) => format!("memory ({delivery})"),
            None => "memory".to_owned(),
        };
        let listeners = all.into_iter().map(|it| (it.name, it.address));
        Ok(Self {
            name,
            splits: options.delivery.is_some(),
            listeners: listeners.collect(),
            state: Mutex::new(State { proxy, instant }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject for Memory {
    fn name(&self) -> &str {
        &self.name
    }

    fn address(&self, listener: &str) -> Option<SocketAddr> {
        let mut listeners = self.listeners.iter();
        listeners
            .find(|(name, _)| name == listener)
            .map(|(_, it)| *it)
    }

    fn send(&self, listener: &str, request: &ClientRequest) -> Option<anyhow::Result<Response>> {
        let index = self
            .listeners
            .iter()
            .position(|(name, _)| name == listener)?;
        let mut state = self.lock();
        let instant = state.instant;
        state.proxy.shared().clock.set(instant);
        let place = state.proxy.open(index, request);
        let outcome = place.and_then(|place| {
            let outcome = state.proxy.finish(place);
            outcome.context("the stream has no whole response")
        });
        Some(outcome)
    }

    fn has_sockets(&self) -> bool {
        false
    }

    fn splits_messages(&self) -> bool {
        self.splits
    }

    fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.lock().proxy.shared().logs.of(plugin)
    }

    fn set_clock(&self, now: SystemTime) -> bool {
        self.lock().instant = now;
        true
    }

    fn take_costs(&self, plugin: &str) -> Vec<CallbackCost> {
        self.lock().proxy.shared().costs.take(plugin)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").finish_non_exhaustive()
    }
}
