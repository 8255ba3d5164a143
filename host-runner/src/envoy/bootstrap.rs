//! Listeners to a complete Envoy bootstrap (`envoy.config.bootstrap.v3.Bootstrap`), as JSON or as YAML for people.
//! `config envoy` prints it, [`super::Envoy`] runs it: there is only one way from a listener to an Envoy.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};
use serde_saphyr::ser_options;

use super::connection_manager::connection_manager;
use crate::listener::{Cluster, Listener, ModuleFile};

/// What a bootstrap needs besides its listeners.
#[derive(Debug, Clone, Default)]
pub struct BootstrapOptions {
    /// Where the admin interface listens; none means that there is none.
    pub admin: Option<SocketAddr>,
    /// The folder that holds the modules under their content-addressed names (see [`module_file_name`]); none means
    /// where each module was read from.
    pub modules: Option<PathBuf>,
}

/// How names are made unique in one Envoy: clusters are global there, but belong to a listener here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    prefixed: bool,
}

/// A complete bootstrap for Envoy 1.40: one HTTP listener each, static clusters, nothing remote.
#[must_use]
pub fn bootstrap(listeners: &[Listener], options: &BootstrapOptions) -> Value {
    let names = Names {
        prefixed: listeners.len() > 1,
    };
    let mut document = json!({
        "node": { "id": "meshwright", "cluster": "meshwright" },
        "static_resources": {
            "listeners": listeners.iter().map(|it| listener(it, names, options)).collect::<Vec<_>>(),
            "clusters": listeners.iter().flat_map(|it| clusters(it, names)).collect::<Vec<_>>(),
        },
    });
    if let (Some(address), Some(root)) = (options.admin, document.as_object_mut()) {
        root.insert(
            "admin".to_owned(),
            json!({ "address": socket_address(address) }),
        );
    }
    document
}

/// The same document as YAML, which Envoy reads too.
///
/// # Errors
/// When a value has no YAML form; JSON values always have one.
pub fn to_yaml(document: &Value) -> anyhow::Result<String> {
    // Long strings stay on one line: a type URL or a token must be found by a text search.
    let options = ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(document, options)
        .context("cannot write the Envoy configuration as YAML")
}

/// The content-addressed file name of a module: `<name>-<sha256>.wasm`.
#[must_use]
pub fn module_file_name(module: &ModuleFile) -> String {
    format!("{}-{}.wasm", module.name, module.sha256)
}

fn listener(listener: &Listener, names: Names, options: &BootstrapOptions) -> Value {
    json!({
        "name": listener.name,
        "address": socket_address(listener.address),
        // So that a port that is taken is noticed, instead of being shared with whoever has it.
        "enable_reuse_port": false,
        "filter_chains": [{ "filters": [connection_manager(listener, names, options)] }],
    })
}

fn clusters(listener: &Listener, names: Names) -> Vec<Value> {
    let of = |cluster: &Cluster| {
        let name = names.cluster(listener, &cluster.name);
        json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket_address(cluster.address) } }] }],
            },
        })
    };
    listener.clusters.iter().map(of).collect()
}

fn socket_address(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

// === impl Names ===

impl Names {
    /// The name of a listener's cluster in Envoy.
    pub(super) fn cluster(self, listener: &Listener, cluster: &str) -> String {
        match self.prefixed {
            true => format!("{}/{cluster}", listener.name),
            false => cluster.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
