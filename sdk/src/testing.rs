//! Tests that are written once and run natively, on the `.wasm`, and on a real Envoy.
//!
//! ```
//! use meshwright::prelude::*;
//! use meshwright::testing::{Host, Reply, ClientRequest};
//!
//! struct Greeter;
//! # impl Filter for Greeter {
//! #     type Config = NoConfig;
//! #     fn new(_: NoConfig) -> Result<Self, ConfigError> { Ok(Self) }
//! # }
//! # impl OnRequest for Greeter {
//! #     async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
//! #         request.set_header("x-hello", "you")?;
//! #         Ok(Flow::Continue)
//! #     }
//! # }
//! # meshwright::main!(Greeter: OnRequest);
//!
//! // With `#[meshwright::test(Greeter, envoy)]` above it this is three tests.
//! fn it_greets(host: Host) {
//!     let exchange = host.upstream(Reply::new(204)).send(ClientRequest::get("/"));
//!     assert_eq!(exchange.response.status, 204);
//!     assert_eq!(exchange.upstream().header("x-hello"), Some("you"));
//! }
//! it_greets(Host::native::<Greeter>());
//! ```
//!
//! Natively the filter is a Rust type in your process: a debugger stops in it, coverage counts it. Its proxy is then one in
//! memory that obeys the phase rules (H1, L8, A1 to A3, Y1 to Y4, C1 to C4), on a clock of its own.

#[cfg(not(target_arch = "wasm32"))]
mod elsewhere;
mod exchange;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
mod properties;
#[cfg(not(target_arch = "wasm32"))]
mod proxy;
#[cfg(not(target_arch = "wasm32"))]
mod reply;
#[cfg(not(target_arch = "wasm32"))]
mod schema;
mod talk;
#[cfg(not(target_arch = "wasm32"))]
mod world;

use std::collections::BTreeMap;
#[cfg(not(target_arch = "wasm32"))]
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

#[cfg(not(target_arch = "wasm32"))]
use crate::Plugin;
#[cfg(not(target_arch = "wasm32"))]
use crate::dispatch::Callbacks;

pub use exchange::{ClientRequest, Exchange, Fault, LogLine, Received, Reply, Response};
#[cfg(not(target_arch = "wasm32"))]
pub use schema::assert_schema;
#[cfg(not(target_arch = "wasm32"))]
pub use schemars::JsonSchema;
pub use talk::{Conversation, Talk};

/// A module has no schema and no files: the test says that it compares nothing.
#[cfg(target_arch = "wasm32")]
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the test's output is to know"
)]
pub fn assert_schema<F>(file: impl AsRef<std::path::Path>) {
    eprintln!("{} is compared natively only", file.as_ref().display());
}

/// A proxy with one filter in it, and what is around it.
#[must_use = "nothing is sent yet"]
#[derive(Debug, Clone)]
pub struct Host {
    on: On,
    setting: Setting,
}

/// What the filter runs on. There is no such thing within a module: there tests are compiled, and not run.
#[derive(Debug, Clone)]
enum On {
    #[cfg(not(target_arch = "wasm32"))]
    Native(&'static Callbacks),
    /// The module of the package in that folder, on `host-runner` or on an Envoy that it starts.
    #[cfg(not(target_arch = "wasm32"))]
    Module {
        package: String,
        folder: PathBuf,
        on: &'static str,
    },
}

/// What is around the filter.
#[derive(Debug, Clone)]
struct Setting {
    configuration: Value,
    upstream: Reply,
    clusters: BTreeMap<String, Reply>,
    clock: Option<SystemTime>,
    route: Option<String>,
}

/// Where a clock begins that nobody has set: 2026-01-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_767_225_600);

// === impl Host ===

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// The filter as a Rust type, in this process.
    pub fn native<F: Plugin>() -> Self {
        Self::on(On::Native(const { &F::CALLBACKS }))
    }

    /// The module of a package, on `host-runner`: the command that `HOST_RUNNER` names, or else the one in the folder of
    /// compiled programs, or in `PATH`. It builds the module when that is not up to date.
    pub fn wasm(package: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self::module(package, folder, "runner")
    }

    /// The module of a package, on a real Envoy, which `host-runner` installs and starts.
    pub fn envoy(package: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self::module(package, folder, "envoy")
    }

    fn module(package: impl Into<String>, folder: impl Into<PathBuf>, on: &'static str) -> Self {
        Self::on(On::Module {
            package: package.into(),
            folder: folder.into(),
            on,
        })
    }

    fn conversation(&self, talk: &Talk) -> Result<Conversation, String> {
        match &self.on {
            On::Native(callbacks) => native::talk(callbacks, &self.setting, talk),
            On::Module {
                package,
                folder,
                on,
            } => elsewhere::talk((package, folder, on), &self.setting, talk),
        }
    }

    fn exchanges(&self, requests: &[ClientRequest]) -> Result<Vec<Exchange>, String> {
        match &self.on {
            On::Native(callbacks) => native::run(callbacks, &self.setting, requests),
            On::Module {
                package,
                folder,
                on,
            } => elsewhere::run((package, folder, on), &self.setting, requests),
        }
    }

    fn on(on: On) -> Self {
        Self {
            on,
            setting: Setting {
                configuration: Value::Null,
                upstream: Reply::new(200),
                clusters: BTreeMap::new(),
                clock: None,
                route: None,
            },
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl Host {
    fn conversation(&self, _: &Talk) -> Result<Conversation, String> {
        match self.on {}
    }

    fn exchanges(&self, _: &[ClientRequest]) -> Result<Vec<Exchange>, String> {
        match self.on {}
    }
}

impl Host {
    /// With this plugin configuration.
    pub fn configuration(mut self, configuration: Value) -> Self {
        self.setting.configuration = configuration;
        self
    }

    /// With an upstream that answers so (200 without a body unless you say otherwise).
    pub fn upstream(mut self, reply: Reply) -> Self {
        self.setting.upstream = reply;
        self
    }

    /// With a cluster that the filter can call, and what that answers.
    pub fn cluster(mut self, name: impl Into<String>, reply: Reply) -> Self {
        self.setting.clusters.insert(name.into(), reply);
        self
    }

    /// With this time of day. A real Envoy has the machine's.
    pub fn clock(mut self, now: SystemTime) -> Self {
        self.setting.clock = Some(now);
        self
    }

    /// With this name of the route that every request takes; it has none unless you say otherwise.
    pub fn route(mut self, name: impl Into<String>) -> Self {
        self.setting.route = Some(name.into());
        self
    }

    /// Sends a request, and waits for all that comes of it.
    ///
    /// # Panics
    /// When the filter does not start, or holds the message for ever; so does the test.
    #[must_use]
    pub fn send(&self, request: ClientRequest) -> Exchange {
        let mut exchanges = self.send_all([request]);
        exchanges.remove(0)
    }

    /// Sends requests to the same VM, one after the other.
    ///
    /// # Panics
    /// As [`Self::send`].
    #[must_use]
    #[expect(clippy::panic, reason = "a test fails by it")]
    pub fn send_all(&self, requests: impl IntoIterator<Item = ClientRequest>) -> Vec<Exchange> {
        let requests: Vec<ClientRequest> = requests.into_iter().collect();
        let exchanges = self.exchanges(&requests);
        exchanges.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Lets a client and an upstream talk over TCP through the filter, a network filter then, and waits until they have
    /// ended.
    ///
    /// # Panics
    /// As [`Self::send`].
    #[must_use]
    #[expect(clippy::panic, reason = "a test fails by it")]
    pub fn talk(&self, talk: &Talk) -> Conversation {
        let conversation = self.conversation(talk);
        conversation.unwrap_or_else(|why| panic!("{why}"))
    }
}
