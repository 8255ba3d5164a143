//! The host as a library for tests: plugins in memory, on a virtual clock, the same in every run.
//!
//! ```
//! use std::time::Duration;
//! use host_runner::listener::{ModuleFile, Plugin};
//! use host_runner::scenario::client::ClientRequest;
//! use host_runner::testing::{Fault, FaultPlan, Reply, TestHost};
//!
//! # fn main() -> anyhow::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("filter.wasm");
//! # // A filter that does nothing.
//! # std::fs::write(&path, b"\0asm\x01\0\0\0\x01\x09\x02`\0\0`\x01\x7f\x01\x7f\x03\x03\x02\0\x01\x05\x03\x01\0\x01\x07-\x03\x17proxy_abi_version_0_2_1\0\0\x06malloc\0\x01\x06memory\x02\0\x0a\x0a\x02\x02\0\x0b\x05\0A\x80\x08\x0b")?;
//! let module = ModuleFile::read(&path)?;
//! let mut host = TestHost::builder()
//!     .plugin(Plugin::new("filter", module, r#"{"some": "configuration"}"#))
//!     .cluster("auth", |_| Reply::new(http::StatusCode::NO_CONTENT, ""))
//!     .faults(FaultPlan::new().nth("auth", 2, Fault::Silence))
//!     .seed(7)
//!     .start()?;
//!
//! let response = host.send(&ClientRequest::get("/"))?;
//! assert_eq!(response.status, 200);
//! assert_eq!(host.received().len(), 1);
//!
//! host.advance(Duration::from_secs(60));
//! assert_eq!(host.usage().streams, 0);
//! # Ok(())
//! # }
//! ```
//!
//! It is the engine that `host-runner run` serves with; only what is below it is other: messages come from the test
//! instead of from sockets, and time passes when the test says so. Nothing is global: hosts in parallel tests know nothing
//! of each other. What a test sends is whole messages; `delivery` says in which pieces they come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;

use crate::engine::EngineOptions;
use crate::listener::{Cluster, Listener, Plugin, Route};
use crate::memory::{MemoryOptions, Place, Proxy};
use crate::scenario::client::{ClientRequest, Response};
use crate::subject::{CallbackCost, LogLine};
use crate::trace::Recorder;
use crate::upstream::Received;

pub use crate::host::faults::{Fault, FaultPlan};
pub use crate::host::usage::Usage;
pub use crate::memory::{Answering, Broken, Chunks, Delivery, End};
pub use crate::upstream::Reply;

/// Where a virtual clock begins: 2026-01-01T00:00:00Z.
pub const START: Duration = Duration::from_secs(1_767_225_600);

/// The cluster that requests go to unless a route says otherwise.
pub const UPSTREAM: &str = "upstream";

/// A proxy in memory with one listener.
pub struct TestHost {
    proxy: Proxy,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A request that was sent and perhaps not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exchange(Place);

/// What a [`TestHost`] is to be.
pub struct TestHostBuilder {
    listener: Listener,
    responders: HashMap<String, Answers>,
    options: MemoryOptions,
}

type Answers = Box<dyn Fn(&Received) -> Reply + Send + Sync>;

// === impl TestHost ===

impl TestHost {
    /// A host without plugins, whose upstream answers 200 with no body.
    #[must_use]
    pub fn builder() -> TestHostBuilder {
        TestHostBuilder::new()
    }

    /// Sends a request and waits for what comes of it.
    ///
    /// # Errors
    /// When the request cannot be sent, or there is no whole response: see [`Broken`].
    pub fn send(&mut self, request: &ClientRequest) -> anyhow::Result<Response> {
        let exchange = self.begin(request)?;
        Ok(self.finish(exchange)?)
    }

    /// Sends a request and does not wait. Time must pass before anything but its headers has come.
    ///
    /// # Errors
    /// When the request cannot be sent.
    pub fn begin(&mut self, request: &ClientRequest) -> anyhow::Result<Exchange> {
        self.proxy.open(0, request).map(Exchange)
    }

    /// Waits for the response, up to 30 virtual seconds.
    ///
    /// # Errors
    /// When there is no whole response.
    pub fn finish(&mut self, exchange: Exchange) -> Result<Response, Broken> {
        self.proxy.finish(exchange.0)
    }

    /// The response if it is there, once.
    pub fn poll(&mut self, exchange: Exchange) -> Option<Result<Response, Broken>> {
        self.proxy.take_outcome(exchange.0)
    }

    /// The client closes its connection without waiting for the response.
    pub fn leave(&mut self, exchange: Exchange) {
        self.proxy.leave(exchange.0, Broken::Left);
    }

    /// Lets virtual time pass: timers fire, calls are answered or time out, bodies come.
    pub fn advance(&mut self, time: Duration) {
        self.proxy.run_for(time);
    }

    /// The time of day of the virtual clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.proxy.shared().clock.now()
    }

    /// Delivers what is sent from now on in another way.
    pub fn deliver(&mut self, delivery: Delivery, seed: u64) {
        self.proxy.set_delivery(delivery, seed);
    }

    /// The requests that clusters received since this was last asked, calls of filters too, in order.
    pub fn received(&mut self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.received))
    }

    /// What the plugin of that name has logged so far.
    #[must_use]
    pub fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.proxy.shared().logs.of(plugin)
    }

    /// The dearest call of each callback of the plugin since this was last asked; see [`EngineOptions::metering`].
    pub fn take_costs(&mut self, plugin: &str) -> Vec<CallbackCost> {
        self.proxy.shared().costs.take(plugin)
    }

    /// What is in use now: the same before and after streams, if nothing leaks.
    pub fn usage(&mut self) -> Usage {
        self.proxy.usage()
    }
}

impl std::fmt::Debug for TestHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TestHost").finish_non_exhaustive()
    }
}

// === impl TestHostBuilder ===

impl TestHostBuilder {
    fn new() -> Self {
        let listener = Listener {
            name: "test".to_owned(),
            ..Listener::default()
        };
        let builder = Self {
            listener,
            responders: HashMap::new(),
            options: MemoryOptions {
                engine: EngineOptions::default(),
                workers: 1,
                seed: None,
                delivery: Delivery::default(),
                faults: FaultPlan::default(),
                now: SystemTime::UNIX_EPOCH + START,
                trace: None,
                backends: HashMap::new(),
            },
        };
        builder.cluster(UPSTREAM, |_| Reply::new(StatusCode::OK, Bytes::new()))
    }

    /// Adds a filter after those that are there.
    #[must_use]
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.listener.plugins.push(plugin);
        self
    }

    /// A cluster and what it answers; one of the same name is replaced. Filters can call it, and routes lead there.
    #[must_use]
    pub fn cluster(
        mut self,
        name: &str,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.add_cluster(name, false, Box::new(answer));
        self
    }

    /// The same in HTTP/2, as gRPC needs it.
    #[must_use]
    pub fn http2_cluster(
        mut self,
        name: &str,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.add_cluster(name, true, Box::new(answer));
        self
    }

    /// Routes, tried in order, instead of the one to [`UPSTREAM`].
    #[must_use]
    pub fn routes(mut self, routes: Vec<Route>) -> Self {
        self.listener.routes = routes;
        self
    }

    /// Worker threads, each with VMs of its own. They take turns in one order; a [seed](Self::seed) gives another one.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = workers;
        self
    }

    /// Another order of what happens at the same time, other workers for connections, other pieces of bodies; always the
    /// same for a seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = Some(seed);
        self
    }

    /// How messages come.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.options.delivery = delivery;
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: FaultPlan) -> Self {
        self.options.faults = faults;
        self
    }

    /// The time of day at the start, instead of [`START`].
    #[must_use]
    pub fn clock(mut self, now: SystemTime) -> Self {
        self.options.now = now;
        self
    }

    /// Limits, metering, a profile.
    #[must_use]
    pub fn engine(mut self, engine: EngineOptions) -> Self {
        self.options.engine = engine;
        self
    }

    /// Who is told of every callback and hostcall.
    #[must_use]
    pub fn trace(mut self, recorder: Recorder) -> Self {
        self.options.trace = Some(recorder);
        self
    }

    /// Anything else of the listener: limits, trailers.
    #[must_use]
    pub fn listener(mut self, change: impl FnOnce(&mut Listener)) -> Self {
        change(&mut self.listener);
        self
    }

    /// Rehearses and starts every plugin.
    ///
    /// # Errors
    /// When a module does not load or a plugin refuses its configuration.
    pub fn start(mut self) -> anyhow::Result<TestHost> {
        if self.listener.routes.is_empty() {
            let cluster = UPSTREAM.to_owned();
            self.listener.routes.push(Route {
                name: String::new(),
                state: None,
                cluster,
            });
        }
        let received = Arc::<Mutex<Vec<Received>>>::default();
        for (name, answer) in self.responders {
            let seen = Arc::clone(&received);
            let responder = move |request: Received| {
                let reply = answer(&request);
                lock(&seen).push(request);
                reply
            };
            let backend = crate::memory::Backend {
                name: name.clone(),
                responder: Arc::new(responder),
            };
            self.options.backends.insert(name, backend);
        }
        Ok(TestHost {
            proxy: Proxy::start(&[self.listener], self.options)?,
            received,
        })
    }

    fn add_cluster(&mut self, name: &str, http2: bool, answer: Answers) {
        let clusters = &mut self.listener.clusters;
        clusters.retain(|cluster| cluster.name != name);
        let port = u16::try_from(50_001 + clusters.len()).unwrap_or(u16::MAX);
        clusters.push(Cluster {
            http2,
            ..Cluster::new(name, ([127, 0, 0, 1], port).into())
        });
        self.responders.insert(name.to_owned(), answer);
    }
}

impl std::fmt::Debug for TestHostBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("TestHostBuilder");
        debug
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

// A panic in a responder leaves the list whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
