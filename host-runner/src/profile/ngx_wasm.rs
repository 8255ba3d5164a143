//! Kong's `ngx_wasm_module`: what it has not implemented links all the same and traps when it is called; what its table
//! of hostcalls lacks, or has with another type, keeps a module from loading.

use super::{Answer, Gap};

pub(super) const GAPS: &[Gap] = &[
    Gap {
        names: &["proxy_get_log_level"],
        answer: Answer::Refused,
        why: "it has the import with another type",
    },
    Gap {
        names: &[
            "proxy_get_header_map_size",
            "proxy_get_buffer_status",
            "envoy_resolve_dns",
            "pthread_equal",
            "emscripten_notify_memory_growth",
        ],
        answer: Answer::Refused,
        why: "it does not have the import",
    },
    Gap {
        names: &[
            "proxy_done",
            "proxy_close_stream",
            "proxy_clear_route_cache",
        ],
        answer: Answer::Trap,
        why: "it has not implemented the call",
    },
    Gap {
        names: &["proxy_continue_response"],
        answer: Answer::Trap,
        why: "it cannot pause a response",
    },
    Gap {
        names: &[
            "proxy_grpc_call",
            "proxy_grpc_stream",
            "proxy_grpc_send",
            "proxy_grpc_cancel",
            "proxy_grpc_close",
            "proxy_get_status",
        ],
        answer: Answer::Trap,
        why: "it has no gRPC",
    },
    Gap {
        names: &["proxy_resolve_shared_queue"],
        answer: Answer::Trap,
        why: "it knows its own queues only",
    },
    Gap {
        names: &["proxy_on_queue_ready"],
        answer: Answer::NeverCalled,
        why: "it does not say when a queue has an item",
    },
    Gap {
        names: &["proxy_on_request_trailers", "proxy_on_response_trailers"],
        answer: Answer::NeverCalled,
        why: "it has no trailers",
    },
    Gap {
        names: &["proxy_on_request_metadata", "proxy_on_response_metadata"],
        answer: Answer::NeverCalled,
        why: "it has no HTTP/2 metadata",
    },
    Gap {
        names: &[
            "proxy_on_grpc_receive_initial_metadata",
            "proxy_on_grpc_receive",
            "proxy_on_grpc_receive_trailing_metadata",
            "proxy_on_grpc_close",
        ],
        answer: Answer::NeverCalled,
        why: "it has no gRPC",
    },
    Gap {
        names: &[
            "proxy_on_new_connection",
            "proxy_on_downstream_data",
            "proxy_on_upstream_data",
            "proxy_on_downstream_connection_close",
            "proxy_on_upstream_connection_close",
        ],
        answer: Answer::NeverCalled,
        why: "it has no network filters",
    },
];

pub(super) const DIFFERENCES: &[&str] = &[
    "ngx_wasm_module never says in a headers callback that the stream ends there.",
    "ngx_wasm_module pauses requests and response bodies, but no response headers.",
    "ngx_wasm_module takes `host[:port]` as the target of an HTTP call, not a cluster.",
    "ngx_wasm_module has every property as text.",
    "ngx_wasm_module traps on a read or a write that Envoy answers with a status.",
    "ngx_wasm_module has one foreign function, `resolve_lua`.",
];
