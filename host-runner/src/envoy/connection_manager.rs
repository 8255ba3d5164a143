//! One listener's `http_connection_manager`: its Wasm filters, the router and the routes.
//! Everything set here is set because Envoy's default differs from what Istio configures, or must be visible.

use serde_json::{Value, json};

use super::bootstrap::{BootstrapOptions, Names};
use super::plugin::plugin_config;
use crate::listener::{Listener, Plugin, Route};

const CONNECTION_MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

pub(super) fn connection_manager(
    listener: &Listener,
    names: Names<'_>,
    options: &BootstrapOptions,
) -> Value {
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": CONNECTION_MANAGER,
            "stat_prefix": listener.name,
            // HTTP/1.1, or HTTP/2 when the connection opens with its preface (h2c with prior knowledge).
            "codec_type": "AUTO",
            // An edge, as Istio's gateways are: the peer is the client, and what it claims in x-forwarded-for or
            // x-envoy-* is not believed. With `false` anyone could choose their own `remoteIpBlocks` address (A16).
            "use_remote_address": true,
            // Istio's path normalisation BASE (A19), spelled out because Envoy's own default is none.
            "normalize_path": true,
            "merge_slashes": false,
            // HTTP/1 trailers are dropped unless asked for (L12); Istio does not ask.
            "http_protocol_options": { "enable_trailers": listener.trailers },
            "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
            "http_filters": http_filters(listener, options),
            "route_config": route_config(listener, names),
        },
    })
}

fn http_filters(listener: &Listener, options: &BootstrapOptions) -> Vec<Value> {
    let router =
        json!({ "name": "envoy.filters.http.router", "typed_config": { "@type": ROUTER } });
    let plugins = listener
        .plugins
        .iter()
        .map(|plugin| wasm_filter(plugin, options));
    plugins.chain([router]).collect()
}

fn wasm_filter(plugin: &Plugin, options: &BootstrapOptions) -> Value {
    json!({
        "name": plugin.name,
        "typed_config": { "@type": WASM, "config": plugin_config(plugin, options) },
    })
}

fn route_config(listener: &Listener, names: Names<'_>) -> Value {
    json!({
        "name": listener.name,
        "virtual_hosts": [{
            "name": listener.name,
            "domains": ["*"],
            "routes": listener.routes.iter().map(|it| route(listener, it, names)).collect::<Vec<_>>(),
        }],
    })
}

/// Timeout 0 is none, as Istio has it; Envoy's own default would be 15 s.
fn route(listener: &Listener, route: &Route, names: Names<'_>) -> Value {
    let condition = match &route.state {
        Some((name, value)) => {
            json!({ "prefix": "/", "filter_state": [filter_state(name, value)] })
        }
        None => json!({ "prefix": "/" }),
    };
    let mut value = json!({
        "match": condition,
        "route": { "cluster": names.cluster(listener, &route.cluster), "timeout": "0s" },
    });
    if let Some(fields) = value.as_object_mut().filter(|_| !route.name.is_empty()) {
        fields.insert("name".into(), json!(route.name));
    }
    value
}

/// A property set by a filter is filter state under `wasm.` (W3).
fn filter_state(name: &str, value: &str) -> Value {
    json!({ "key": format!("wasm.{name}"), "string_match": { "exact": value } })
}
