//! The objects that `set_envoy_filter_state` can make: those that Envoy 1.40 has a factory for, which it lists when it
//! starts (`filter_state.object`). What each takes, and how it reads, was found by trying.

use std::net::{IpAddr, SocketAddr};

use super::Object;
use crate::abi::Status;

/// The values of `envoy.type.ai.v3.LLMProtocol`.
const LLM_PROTOCOLS: [&str; 5] = [
    "ANTHROPIC_MESSAGES",
    "GEMINI_GENERATE_CONTENT",
    "LLM_PROTOCOL_UNSPECIFIED",
    "OPENAI_CHAT_COMPLETIONS",
    "OPENAI_RESPONSES",
];

/// Makes the object of a key from its text. An unknown key is not found, and a text it does not take is a bad argument.
pub(crate) fn object(key: &str, text: &str) -> Result<Object, Status> {
    let object = match key {
        "envoy.ai.model.request" => some(text),
        "envoy.bool" => boolean(text),
        "envoy.filters.listener.original_dst.local_ip"
        | "envoy.filters.listener.original_dst.remote_ip"
        | "envoy.network.transport_socket.original_dst_address" => socket_address(text),
        "envoy.hashable_string"
        | "envoy.network.network_namespace"
        | "envoy.network.upstream_server_name"
        | "envoy.network.upstream_subject_alt_names"
        | "envoy.string"
        | "envoy.tcp_proxy.cluster"
        | "envoy.upstream.dynamic_host" => Some(Object::Text(text.into())),
        "envoy.network.application_protocols" | "envoy.router.debug_config" => Some(Object::Opaque),
        "envoy.network.ip" => address(text),
        "envoy.network.transport_socket.http_11_proxy.info" => proxy(text),
        "envoy.ratelimit.hits_addend" => number(text, u32::MAX.into()),
        "envoy.tcp_proxy.disable_tunneling" => Some(flag(text == "true")),
        "envoy.tcp_proxy.per_connection_idle_timeout_ms" => number(text, u64::MAX),
        "envoy.upstream.dynamic_port" => number(text, u32::MAX.into()),
        "envoy.ai.llm_protocol.request" => LLM_PROTOCOLS.contains(&text).then_some(Object::Fields),
        _ => return Err(Status::NOT_FOUND),
    };
    object.ok_or(Status::BAD_ARGUMENT)
}

fn some(text: &str) -> Option<Object> {
    (!text.is_empty()).then(|| Object::Text(text.into()))
}

fn flag(value: bool) -> Object {
    Object::Text(value.to_string().into_bytes())
}

// As Abseil's `SimpleAtob` reads it.
fn boolean(text: &str) -> Option<Object> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(flag(true)),
        "false" | "f" | "no" | "n" | "0" => Some(flag(false)),
        _ => None,
    }
}

// As Abseil's `SimpleAtoi` reads it: with a plus sign and spaces around it.
fn number(text: &str, max: u64) -> Option<Object> {
    let number: u64 = text.trim_ascii().parse().ok()?;
    (number <= max).then(|| Object::Text(number.to_string().into_bytes()))
}

fn socket_address(text: &str) -> Option<Object> {
    text.parse::<SocketAddr>().ok().map(|_| Object::Fields)
}

fn address(text: &str) -> Option<Object> {
    let address: IpAddr = text.parse().ok()?;
    let address = SocketAddr::new(address, 0);
    Some(Object::Text(address.to_string().into_bytes()))
}

// `<host>,<address>:<port>`.
fn proxy(text: &str) -> Option<Object> {
    let (_, address) = text.split_once(',').filter(|(host, _)| !host.is_empty())?;
    address.parse::<SocketAddr>().ok().map(|_| Object::Opaque)
}
