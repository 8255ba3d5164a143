//! Plugins of Google Cloud Service Extensions: a subset of the ABI on the C++ host that Envoy is built on, whose answer
//! to what is left out is `Unimplemented`.

use super::{Answer, Gap};

pub(super) const MAX_MEMORY: u64 = 16 << 20;

const UNIMPLEMENTED: Answer = Answer::Status(12);

pub(super) const GAPS: &[Gap] = &[
    Gap {
        names: &["proxy_set_tick_period_milliseconds"],
        answer: UNIMPLEMENTED,
        why: "it has no timers",
    },
    Gap {
        names: &[
            "proxy_define_metric",
            "proxy_increment_metric",
            "proxy_record_metric",
            "proxy_get_metric",
        ],
        answer: UNIMPLEMENTED,
        why: "it has no metrics",
    },
    Gap {
        names: &["proxy_get_shared_data", "proxy_set_shared_data"],
        answer: UNIMPLEMENTED,
        why: "it has no shared data",
    },
    Gap {
        names: &[
            "proxy_register_shared_queue",
            "proxy_resolve_shared_queue",
            "proxy_enqueue_shared_queue",
            "proxy_dequeue_shared_queue",
        ],
        answer: UNIMPLEMENTED,
        why: "it has no shared queues",
    },
    Gap {
        names: &[
            "proxy_http_call",
            "proxy_grpc_call",
            "proxy_grpc_stream",
            "proxy_grpc_send",
            "proxy_grpc_cancel",
            "proxy_grpc_close",
            "envoy_resolve_dns",
        ],
        answer: UNIMPLEMENTED,
        why: "it has no outgoing calls",
    },
    Gap {
        names: &["proxy_call_foreign_function"],
        answer: UNIMPLEMENTED,
        why: "it has no foreign functions",
    },
    Gap {
        names: &["proxy_on_tick"],
        answer: Answer::NeverCalled,
        why: "it has no timers",
    },
    Gap {
        names: &["proxy_on_queue_ready"],
        answer: Answer::NeverCalled,
        why: "it has no shared queues",
    },
    Gap {
        names: &[
            "proxy_on_http_call_response",
            "proxy_on_grpc_receive_initial_metadata",
            "proxy_on_grpc_receive",
            "proxy_on_grpc_receive_trailing_metadata",
            "proxy_on_grpc_close",
        ],
        answer: Answer::NeverCalled,
        why: "it has no outgoing calls",
    },
    Gap {
        names: &["proxy_on_request_trailers", "proxy_on_response_trailers"],
        answer: Answer::NeverCalled,
        why: "it has no trailers",
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
    "Google Cloud gives a callback 1 ms of CPU time and a VM 16 MiB of memory for up to 1000 streams.",
    "Google Cloud takes at most 128 KiB of changes to a message, and protects many headers.",
    "Google Cloud has a part of Envoy's properties only.",
    "Google Cloud stops the clock while a callback runs.",
];
