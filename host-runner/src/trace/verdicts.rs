//! Why a hostcall was not Ok: one sentence for each (hostcall, status, argument, callback), with the rule it follows from.

use super::decode::Value;
use super::event::Argument;

/// A hostcall that was refused.
pub(super) struct Call<'a> {
    pub(super) name: &'static str,
    pub(super) arguments: &'a [Argument],
    pub(super) callback: &'static str,
}

/// A row holds where its words are part of the hostcall, the first argument and the callback; an empty word always is.
struct Verdict {
    hostcall: &'static str,
    status: u32,
    argument: &'static str,
    callback: &'static str,
    why: &'static str,
}

const fn verdict(
    (hostcall, status): (&'static str, u32),
    (argument, callback): (&'static str, &'static str),
    why: &'static str,
) -> Verdict {
    Verdict {
        hostcall,
        status,
        argument,
        callback,
        why,
    }
}

const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;
const SERIALIZATION: u32 = 3;
const PARSE: u32 = 4;
const MEMORY: u32 = 6;
const EMPTY: u32 = 7;
const CAS: u32 = 8;
const INTERNAL: u32 = 10;
const UNIMPLEMENTED: u32 = 12;

const REQUEST_HEADERS_GONE: &str = "request headers are there only in on_request_headers and while its stop is pending; \
     they are gone once they were sent on (H1): read what you need there and keep it";
const RESPONSE_HEADERS_GONE: &str =
    "response headers are there only in on_response_headers and while its stop is pending (H1)";
const TRAILERS: &str = "trailers are there only in their own callback, or in the body callback that ends the stream (H14)";

/// The first row that fits is the answer.
const VERDICTS: &[Verdict] = &[
    // Header maps.
    verdict(
        ("header_map_size", BAD_ARGUMENT),
        ("call_response", ""),
        "sizes are known only of the maps of the stream (section 1.4)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_done"),
        "no header map is left in on_done and on_delete; use on_log (H2)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_delete"),
        "no header map is left in on_done and on_delete; use on_log (H2)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_log"),
        "in on_log headers can be read, but neither changed nor measured (H2)",
    ),
    verdict(("header_map", BAD_ARGUMENT), ("trailers", ""), TRAILERS),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("grpc_", ""),
        "gRPC metadata is there only in the callback that brings it (section 2.11)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("call_response", ""),
        "the headers of a callout's answer are there only in on_http_call_response, and cannot be changed (C4)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_tick"),
        "a root context has no headers; call proxy_set_effective_context with the id of a live stream first (P3)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_http_call_response"),
        "this runs in the root context; call proxy_set_effective_context with the id of the paused stream first (C2, H1)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_configure"),
        "there is no stream yet, so there are no headers (L7)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", "on_vm_start"),
        "there is no stream yet, so there are no headers (L7)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("response_headers", "on_request"),
        "there is no response yet (H1)",
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("request_headers", ""),
        REQUEST_HEADERS_GONE,
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("response_headers", ""),
        RESPONSE_HEADERS_GONE,
    ),
    verdict(
        ("header_map", BAD_ARGUMENT),
        ("", ""),
        "there is no header map of that number; they are 0 to 7 (section 1.1)",
    ),
    verdict(
        ("get_header_map_value", NOT_FOUND),
        ("", ""),
        "the map has no header of that name",
    ),
    // Buffers.
    verdict(
        ("buffer", NOT_FOUND),
        ("plugin_configuration", ""),
        "the plugin configuration can be read only while it is being configured (L5)",
    ),
    verdict(
        ("buffer", NOT_FOUND),
        ("call_response_body", ""),
        "the body of a callout's answer is there only in on_http_call_response (C4)",
    ),
    verdict(
        ("set_buffer", BAD_ARGUMENT),
        ("body", "headers"),
        "a body cannot be changed in a headers callback; change it in the body callback (U3)",
    ),
    verdict(
        ("set_buffer", BAD_ARGUMENT),
        ("configuration", ""),
        "configuration cannot be changed (U3)",
    ),
    verdict(
        ("set_buffer", BAD_ARGUMENT),
        ("call_response_body", ""),
        "the body of a callout's answer cannot be changed (U3)",
    ),
    verdict(
        ("set_buffer", BAD_ARGUMENT),
        ("", ""),
        "there is nothing to change here, or the splice is in the middle: only the front, the end or all can be replaced (U2, U3)",
    ),
    verdict(
        ("buffer", BAD_ARGUMENT),
        ("", ""),
        "there is no buffer of that number; they are 0 to 8 (U1)",
    ),
    // Properties.
    verdict(
        ("get_property", NOT_FOUND),
        ("request.", "on_response"),
        "the request's properties are gone in response callbacks; read them in on_request_headers (section 3)",
    ),
    verdict(
        ("get_property", NOT_FOUND),
        ("response.", "on_request"),
        "there is no response yet (section 3)",
    ),
    verdict(
        ("get_property", NOT_FOUND),
        ("upstream.", "on_request"),
        "no upstream is connected before the request has been sent (section 3)",
    ),
    verdict(
        ("get_property", NOT_FOUND),
        ("", "on_tick"),
        "no such property in a root context; those of a stream need proxy_set_effective_context (P3)",
    ),
    verdict(
        ("get_property", NOT_FOUND),
        ("", ""),
        "nothing of that name has a value here, or a segment goes below one that is no map (section 3)",
    ),
    verdict(
        ("get_property", SERIALIZATION),
        ("", ""),
        "the path is empty or names a whole family, such as `request`; name one of its members (section 3)",
    ),
    verdict(
        ("set_property", NOT_FOUND),
        ("", ""),
        "properties belong to a stream, and there is none here (P2)",
    ),
    verdict(
        ("set_property", BAD_ARGUMENT),
        ("", ""),
        "it was declared read-only and has a value, or the value is none of its declared type (F4)",
    ),
    // Callouts.
    verdict(
        ("http_call", BAD_ARGUMENT),
        ("", ""),
        "the cluster is unknown, the timeout is negative, or one of :path, :method and :authority is missing (C1)",
    ),
    verdict(
        ("grpc", PARSE),
        ("", ""),
        "the target is neither the name of a cluster nor a GrpcService message that names one (section 2.11)",
    ),
    verdict(
        ("grpc_send", BAD_ARGUMENT),
        ("", ""),
        "the token is that of a call, which sends its one message itself; streams take more (section 2.11)",
    ),
    verdict(
        ("grpc", NOT_FOUND),
        ("", ""),
        "no gRPC stream with that token is open (section 2.11)",
    ),
    verdict(
        ("grpc", BAD_ARGUMENT),
        ("", ""),
        "that token is not one of a gRPC call or stream (section 2.11)",
    ),
    verdict(
        ("grpc", INTERNAL),
        ("", ""),
        "the call could not be begun (section 2.11)",
    ),
    // Stores.
    verdict(
        ("shared_data", CAS),
        ("", ""),
        "somebody changed the value since that cas was read; get it again and retry (Q3)",
    ),
    verdict(
        ("get_shared_data", NOT_FOUND),
        ("", ""),
        "nothing is stored under that key for this vm_id (Q3)",
    ),
    verdict(
        ("dequeue", EMPTY),
        ("", ""),
        "the queue is empty; on_queue_ready comes once per item, even if that was taken already (Q2)",
    ),
    verdict(
        ("queue", NOT_FOUND),
        ("", ""),
        "no queue of that name or token was registered (Q2)",
    ),
    verdict(
        ("metric", NOT_FOUND),
        ("", ""),
        "no metric has that id (Q4)",
    ),
    verdict(
        ("define_metric", BAD_ARGUMENT),
        ("", ""),
        "the kind is none of 0 counter, 1 gauge, 2 histogram (Q4)",
    ),
    verdict(
        ("metric", BAD_ARGUMENT),
        ("", ""),
        "that kind of metric cannot do this: counters only grow, histograms are only recorded (Q4)",
    ),
    // The rest.
    verdict(
        ("foreign_function", NOT_FOUND),
        ("", ""),
        "there is no foreign function of that name, or nothing here for it to act on (section 4)",
    ),
    verdict(
        ("foreign_function", BAD_ARGUMENT),
        ("", ""),
        "the foreign function cannot read its argument (section 4)",
    ),
    verdict(
        ("foreign_function", SERIALIZATION),
        ("", ""),
        "the foreign function has no value to return, or its input is broken (section 4)",
    ),
    verdict(
        ("foreign_function", INTERNAL),
        ("", ""),
        "the expression could not be evaluated, for instance because a key is absent (section 4)",
    ),
    verdict(
        ("effective_context", BAD_ARGUMENT),
        ("", ""),
        "no context has that id any more: the stream is gone (C2)",
    ),
    verdict(
        ("stream", UNIMPLEMENTED),
        ("", ""),
        "the upstream's side cannot be continued (section 1.4)",
    ),
    verdict(
        ("stream", BAD_ARGUMENT),
        ("", ""),
        "there is no stream type of that number; they are 0 to 3 (section 1.1)",
    ),
    verdict(
        ("proxy_log", BAD_ARGUMENT),
        ("", ""),
        "there is no log level of that number; they are 0 to 5 (section 1.1)",
    ),
    verdict(
        ("proxy_done", NOT_FOUND),
        ("", ""),
        "the root context has not returned false from on_done, so nothing is pending (L11)",
    ),
    // Whatever the hostcall.
    verdict(
        ("", MEMORY),
        ("", ""),
        "a pointer leads outside the guest's memory, or its malloc returned 0 or trapped (M1)",
    ),
    verdict(
        ("", INTERNAL),
        ("", ""),
        "the plugin's allowed_capabilities do not name this hostcall (K1)",
    ),
    verdict(
        ("", UNIMPLEMENTED),
        ("", ""),
        "the host that is played does not offer this hostcall",
    ),
    verdict(
        ("", NOT_FOUND),
        ("", ""),
        "what it names does not exist here",
    ),
    verdict(
        ("", BAD_ARGUMENT),
        ("", ""),
        "an argument is out of its range, or makes no sense in this callback",
    ),
    verdict(
        ("", SERIALIZATION),
        ("", ""),
        "the value cannot be serialised",
    ),
    verdict(("", PARSE), ("", ""), "an argument cannot be parsed"),
    verdict(("", EMPTY), ("", ""), "there is nothing to take"),
];

/// One sentence.
pub(super) fn why(call: &Call<'_>, status: u32) -> String {
    let argument = call
        .arguments
        .first()
        .map_or_else(String::new, |it| word(&it.value));
    let fits = |row: &&Verdict| {
        row.status == status
            && call.name.contains(row.hostcall)
            && argument.contains(row.argument)
            && call.callback.contains(row.callback)
    };
    let row = VERDICTS.iter().find(fits);
    row.map_or("Envoy knows no reason for this status", |row| row.why)
        .to_owned()
}

fn word(value: &Value) -> String {
    match value {
        Value::Word(word) => (*word).to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Number(number) => number.to_string(),
        Value::Pairs(_) | Value::Outside | Value::Malformed => String::new(),
    }
}
