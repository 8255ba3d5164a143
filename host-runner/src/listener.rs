//! One listener: a plugin chain, routes and clusters. The same value configures host-runner's own front and a
//! real Envoy, which is what lets one scenario judge both.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use crate::configuration::Configuration;

/// A listener and everything behind it.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Unique among the listeners of one proxy; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Where it listens; port 0 means any free port.
    pub address: SocketAddr,
    /// What it speaks.
    pub protocol: Protocol,
    /// Bytes held back in one direction before a filter that buffers gets its stream refused
    /// (`per_connection_buffer_limit_bytes`, rule B1).
    pub buffer_limit: u32,
    /// Whether HTTP/1.1 trailers pass, in both directions and on both sides (`enable_trailers`, rule L12).
    pub trailers: bool,
    /// The filter chain, in request order.
    pub plugins: Vec<Plugin>,
    /// Tried in order; a request that none matches gets 404. A TCP listener goes to the first route's cluster.
    pub routes: Vec<Route>,
    /// Where routes lead, and callouts.
    pub clusters: Vec<Cluster>,
}

/// What a listener speaks, and so which kind of filter its plugins are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 and h2c with prior knowledge, through HTTP filters.
    #[default]
    Http,
    /// Bytes, through network filters (section 2.14).
    Tcp,
}

/// One configured instance of a module (`envoy.extensions.wasm.v3.PluginConfig`).
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Unique among the plugins of one proxy; it is how log lines are told apart.
    pub name: String,
    /// The module it runs.
    pub module: ModuleFile,
    /// `root_id`, by which some SDKs find the code to run in a module; none is the plugin's name.
    pub root_id: Option<String>,
    /// Plugin configuration.
    pub configuration: Configuration,
    /// Which VM it runs in; plugins with equal options and the same module share one (rules L1, L4).
    pub vm: VmOptions,
    /// What happens to requests once its VM has failed.
    pub failure_policy: FailurePolicy,
    /// `allow_on_headers_stop_iteration`: whether 1 from a headers callback stops the headers only (rule A1).
    pub allow_on_headers_stop_iteration: bool,
    /// `capability_restriction_config.allowed_capabilities`; empty allows everything (rule K1).
    pub allowed_capabilities: Vec<String>,
}

/// What makes a VM another VM (`envoy.extensions.wasm.v3.VmConfig`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct VmOptions {
    /// The VM id; none means the module's hash. Shared data and queues belong to it (rule Q3).
    pub id: Option<String>,
    /// VM configuration, buffer 6.
    pub configuration: String,
    /// What WASI's `environ_get` tells.
    pub environment: BTreeMap<String, String>,
}

/// What happens to requests once a VM has failed (rules T1 to T4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FailurePolicy {
    /// 503 for ever.
    #[default]
    FailClosed,
    /// New streams pass without the filter.
    FailOpen,
    /// A new VM, after a backoff.
    FailReload,
}

/// The bytes of a module, read once, so that every subject runs exactly the same ones.
#[derive(Debug, Clone)]
pub struct ModuleFile {
    /// File stem: `jwt-auth` of `target/wasm/jwt-auth.wasm`.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The module itself.
    pub bytes: Bytes,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
}

/// Sends what matches to a cluster. Without a condition it matches everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What filters see as the property `xds.route_name`; it may be empty.
    pub name: String,
    /// The stream state (see `meshwright_core::state`) that must hold exactly this value: `(name, value)`. On Envoy
    /// it is the filter state `wasm.<name>` (rule W3).
    pub state: Option<(String, String)>,
    /// The name of a cluster of the same listener.
    pub cluster: String,
}

/// A named upstream address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Unique within its listener.
    pub name: String,
    /// The one endpoint.
    pub address: SocketAddr,
    /// Spoken to in HTTP/2 with prior knowledge, as gRPC needs it, instead of HTTP/1.1.
    pub http2: bool,
}

/// The id and the cluster of the node that a proxy says it is.
pub(crate) const NODE: &str = "meshwright";

/// Envoy's default for `per_connection_buffer_limit_bytes`.
pub const BUFFER_LIMIT: u32 = 1024 * 1024;

// === impl Listener ===

impl Default for Listener {
    /// An HTTP listener without a name, on any free port of the loopback address, with nothing behind it.
    fn default() -> Self {
        Self {
            name: String::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            protocol: Protocol::Http,
            buffer_limit: BUFFER_LIMIT,
            trailers: false,
            plugins: Vec::new(),
            routes: Vec::new(),
            clusters: Vec::new(),
        }
    }
}

// === impl Plugin ===

impl Plugin {
    /// A plugin that fails closed, in the VM of its module, with every capability.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        module: ModuleFile,
        configuration: impl Into<Configuration>,
    ) -> Self {
        Self {
            name: name.into(),
            module,
            root_id: None,
            configuration: configuration.into(),
            vm: VmOptions::default(),
            failure_policy: FailurePolicy::default(),
            allow_on_headers_stop_iteration: false,
            allowed_capabilities: Vec::new(),
        }
    }

    /// Its root id.
    #[must_use]
    pub fn root_id(&self) -> &str {
        self.root_id.as_deref().unwrap_or(&self.name)
    }

    /// The id of its VM.
    #[must_use]
    pub fn vm_id(&self) -> &str {
        self.vm.id.as_deref().unwrap_or(&self.module.sha256)
    }
}

// === impl Cluster ===

impl Cluster {
    /// An HTTP/1.1 cluster.
    #[must_use]
    pub fn new(name: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            name: name.into(),
            address,
            http2: false,
        }
    }
}

// === impl FailurePolicy ===

impl FailurePolicy {
    /// As Envoy's configuration spells it.
    #[must_use]
    pub fn envoy_name(self) -> &'static str {
        match self {
            Self::FailClosed => "FAIL_CLOSED",
            Self::FailOpen => "FAIL_OPEN",
            Self::FailReload => "FAIL_RELOAD",
        }
    }
}

// === impl ModuleFile ===

impl ModuleFile {
    /// Reads a module file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the module `{}`", path.display()))?;
        Ok(Self {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path: path.to_owned(),
            sha256: sha256_hex(&bytes),
            bytes: bytes.into(),
        })
    }
}

/// The name of a listener's cluster in the whole proxy, where clusters are global: its own, unless another listener means
/// another cluster by it.
#[must_use]
pub fn cluster_name(all: &[Listener], listener: &Listener, cluster: &str) -> String {
    let named = |listener: &Listener| {
        let found = listener.clusters.iter().find(|it| it.name == cluster)?;
        Some((found.clone(), listener.buffer_limit, listener.trailers))
    };
    let meant = named(listener);
    let is_other = |it: &Listener| named(it).is_some_and(|other| Some(other) != meant);
    match all.iter().any(is_other) {
        true => format!("{}/{cluster}", listener.name),
        false => cluster.to_owned(),
    }
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
