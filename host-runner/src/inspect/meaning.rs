//! What imports and exports are for, by name, and whose library a module shows.

use std::collections::BTreeMap;

use wasmparser::TypeRef;

use super::sizes::crate_of;
use crate::host::callbacks;

/// Hostcalls by what they are for; the first beginning that fits decides.
const HOSTCALLS: [(&str, &str); 31] = [
    ("proxy_log", "log and time"),
    ("proxy_get_log_level", "log and time"),
    ("proxy_get_current_time", "log and time"),
    ("proxy_set_tick_period", "timers"),
    ("proxy_get_configuration", "configuration"),
    ("proxy_get_header_map", "headers and trailers"),
    ("proxy_set_header_map", "headers and trailers"),
    ("proxy_add_header_map", "headers and trailers"),
    ("proxy_replace_header_map", "headers and trailers"),
    ("proxy_remove_header_map", "headers and trailers"),
    ("proxy_get_buffer", "bodies and other buffers"),
    ("proxy_set_buffer", "bodies and other buffers"),
    ("proxy_continue", "flow of a stream"),
    ("proxy_close_stream", "flow of a stream"),
    ("proxy_send_local_response", "flow of a stream"),
    ("proxy_clear_route_cache", "flow of a stream"),
    ("proxy_http_call", "HTTP calls"),
    ("proxy_grpc", "gRPC calls"),
    ("proxy_get_status", "gRPC calls"),
    ("proxy_get_property", "properties"),
    ("proxy_set_property", "properties"),
    ("proxy_get_shared_data", "shared data"),
    ("proxy_set_shared_data", "shared data"),
    ("proxy_register_shared_queue", "queues"),
    ("proxy_resolve_shared_queue", "queues"),
    ("proxy_enqueue", "queues"),
    ("proxy_dequeue", "queues"),
    ("proxy_set_effective_context", "contexts"),
    ("proxy_done", "contexts"),
    ("proxy_call_foreign_function", "foreign functions"),
    ("envoy_", "Envoy's own"),
];

pub(super) fn of_import(module: &str, name: &str) -> &'static str {
    if module.starts_with("wasi_") {
        return "WASI";
    }
    if name.ends_with("_metric") {
        return "metrics";
    }
    let known = HOSTCALLS.iter().find(|(start, _)| name.starts_with(start));
    known.map_or("other", |(_, group)| group)
}

pub(super) fn of_export(name: &str) -> &'static str {
    match name {
        "_initialize" | "_start" | "main" | "__main_void" => "start functions",
        "malloc" | "proxy_on_memory_allocate" | "memory" => "memory",
        name if name.starts_with("proxy_abi_version_") => "ABI version",
        name if callbacks::names().any(|callback| callback == name) => "callbacks",
        _ => "other",
    }
}

/// The library that a module was written with, if it shows.
pub(super) fn sdk(
    names: &BTreeMap<u32, String>,
    imports: &[(String, String, TypeRef)],
) -> Option<&'static str> {
    let uses = |library: &str| names.values().any(|name| crate_of(name) == library);
    let calls = |import: &str| imports.iter().any(|(_, name, _)| name == import);
    match () {
        () if uses("meshwright") => Some("Meshwright"),
        () if uses("proxy_wasm") => Some("proxy-wasm-rust-sdk"),
        () if calls("emscripten_notify_memory_growth") => Some("proxy-wasm-cpp-sdk (Emscripten)"),
        () if calls("abort") => Some("AssemblyScript"),
        () => None,
    }
}
