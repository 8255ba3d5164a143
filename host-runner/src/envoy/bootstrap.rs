//! Listeners to a complete Envoy bootstrap (`envoy.config.bootstrap.v3.Bootstrap`), as JSON or as YAML for people.
//! `config envoy` prints it, [`super::Envoy`] runs it: there is only one way from a listener to an Envoy.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};
use serde_saphyr::ser_options;

use super::connection_manager::connection_manager;
use super::plugin::plugin_config;
use crate::labels;
use crate::listener::{BUFFER_LIMIT, Cluster, Listener, ModuleFile, NODE, Protocol, cluster_name};

const NETWORK_WASM: &str = "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm";
const TCP_PROXY: &str =
    "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
const HTTP_OPTIONS_NAME: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP_OPTIONS: &str =
    "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// What a bootstrap needs besides its listeners.
#[derive(Debug, Clone, Default)]
pub struct BootstrapOptions {
    /// Where the admin interface listens; none means that there is none.
    pub admin: Option<SocketAddr>,
    /// The folder that holds the modules under their content-addressed names (see [`module_file_name`]); none means
    /// where each module was read from.
    pub modules: Option<PathBuf>,
}

/// All listeners, by which the names of clusters are made unique: they are global in Envoy, but belong to a listener here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    all: &'a [Listener],
}

/// A complete bootstrap for Envoy 1.40: one HTTP listener each, static clusters, nothing remote.
#[must_use]
pub fn bootstrap(listeners: &[Listener], options: &BootstrapOptions) -> Value {
    let names = Names { all: listeners };
    let mut clusters: Vec<Value> = listeners
        .iter()
        .flat_map(|it| clusters(it, names))
        .collect();
    // Listeners that mean the same cluster share it.
    let mut seen = HashSet::new();
    clusters.retain(|cluster| seen.insert(cluster.get("name").map(Value::to_string)));
    let mut document = json!({
        "node": { "id": NODE, "cluster": NODE },
        "static_resources": {
            "listeners": listeners.iter().map(|it| listener(it, names, options)).collect::<Vec<_>>(),
            "clusters": clusters,
        },
    });
    let added = [
        ("stats_config", stats_config(listeners)),
        ("stats_flush_on_admin", options.admin.map(|_| json!(true))),
        ("admin", options.admin.map(admin)),
    ];
    if let Some(root) = document.as_object_mut() {
        let added = added.into_iter();
        root.extend(added.filter_map(|(name, value)| Some((name.to_owned(), value?))));
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

// The labels of the modules' metrics, if they have any.
fn stats_config(listeners: &[Listener]) -> Option<Value> {
    let plugins = listeners.iter().flat_map(|it| &it.plugins);
    let labels = plugins.flat_map(|plugin| labels::of(&plugin.module));
    let tags = labels::stats_tags(&labels.collect());
    (!tags.is_empty()).then(|| json!({ "stats_tags": tags }))
}

fn admin(address: SocketAddr) -> Value {
    json!({ "address": socket_address(address) })
}

fn listener(listener: &Listener, names: Names<'_>, options: &BootstrapOptions) -> Value {
    let filters = match listener.protocol {
        Protocol::Http => vec![connection_manager(listener, names, options)],
        Protocol::Tcp => tcp_filters(listener, names, options),
    };
    with_buffer_limit(
        listener,
        json!({
            "name": listener.name,
            "address": socket_address(listener.address),
            // So that a port that is taken is noticed, instead of being shared with whoever has it.
            "enable_reuse_port": false,
            "filter_chains": [{ "filters": filters }],
        }),
    )
}

/// The plugins as network filters, then Envoy's TCP proxy.
fn tcp_filters(listener: &Listener, names: Names<'_>, options: &BootstrapOptions) -> Vec<Value> {
    let wasm = |plugin| {
        json!({
            "name": "envoy.filters.network.wasm",
            "typed_config": { "@type": NETWORK_WASM, "config": plugin_config(plugin, options) },
        })
    };
    let cluster = listener
        .routes
        .first()
        .map(|route| names.cluster(listener, &route.cluster));
    let proxy = json!({
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": { "@type": TCP_PROXY, "stat_prefix": listener.name, "cluster": cluster },
    });
    listener.plugins.iter().map(wasm).chain([proxy]).collect()
}

fn clusters(listener: &Listener, names: Names) -> Vec<Value> {
    let of = |cluster: &Cluster| {
        let name = names.cluster(listener, &cluster.name);
        let mut value = json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket_address(cluster.address) } }] }],
            },
        });
        if let (Some(options), Some(fields)) =
            (http_options(cluster, listener), value.as_object_mut())
        {
            fields.insert("typed_extension_protocol_options".into(), options);
        }
        with_buffer_limit(listener, value)
    };
    listener.clusters.iter().map(of).collect()
}

/// What is not Envoy's default about how a cluster is spoken to.
fn http_options(cluster: &Cluster, listener: &Listener) -> Option<Value> {
    let explicit = match (cluster.http2, listener.trailers) {
        (true, _) => json!({ "http2_protocol_options": {} }),
        (false, true) => json!({ "http_protocol_options": { "enable_trailers": true } }),
        (false, false) => return None,
    };
    Some(json!({ HTTP_OPTIONS_NAME: { "@type": HTTP_OPTIONS, "explicit_http_config": explicit } }))
}

fn with_buffer_limit(listener: &Listener, mut value: Value) -> Value {
    match value.as_object_mut() {
        Some(fields) if listener.buffer_limit != BUFFER_LIMIT => {
            fields.insert(
                "per_connection_buffer_limit_bytes".into(),
                json!(listener.buffer_limit),
            );
        }
        _ => {}
    }
    value
}

fn socket_address(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

// === impl Names ===

impl Names<'_> {
    /// The name of a listener's cluster in Envoy.
    pub(super) fn cluster(self, listener: &Listener, cluster: &str) -> String {
        cluster_name(self.all, listener, cluster)
    }
}

#[cfg(test)]
mod tests;
