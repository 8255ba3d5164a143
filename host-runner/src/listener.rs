//! One HTTP listener: a plugin chain, routes and clusters. The same value configures host-runner's own front and a
//! real Envoy, which is what lets one scenario judge both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// A listener and everything behind it.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Unique among the listeners of one proxy; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Where it listens; port 0 means any free port.
    pub address: SocketAddr,
    /// The filter chain, in request order.
    pub plugins: Vec<Plugin>,
    /// Tried in order; a request that none matches gets 404.
    pub routes: Vec<Route>,
    /// Where routes lead.
    pub clusters: Vec<Cluster>,
}

/// One configured instance of a module.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Unique among the plugins of one proxy; it is how log lines are told apart.
    pub name: String,
    /// The module it runs.
    pub module: ModuleFile,
    /// Plugin configuration, handed to the module as it is (JSON for our filters).
    pub configuration: String,
}

/// The bytes of a module, read once, so that every subject runs exactly the same ones.
#[derive(Debug, Clone)]
pub struct ModuleFile {
    /// File stem: `jwt-auth` of `target/wasm/jwt-auth.wasm`.
    pub name: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The module itself.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
}

/// Sends what matches to a cluster. Without a condition it matches everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The stream state (see `meshwright_core::state`) that must hold exactly this value: `(name, value)`. On Envoy
    /// it is the filter state `wasm.<name>` (rule W3).
    pub state: Option<(String, String)>,
    /// The name of a cluster of the same listener.
    pub cluster: String,
}

/// A named upstream address, spoken to in HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Unique within its listener.
    pub name: String,
    /// The one endpoint.
    pub address: SocketAddr,
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

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
