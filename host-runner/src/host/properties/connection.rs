//! `connection.*`, `connection_id`, `source.*` and `destination.*`.

use std::net::SocketAddr;

use super::value::Value;
use crate::host::stream::StreamInfo;

/// Of a connection without TLS: `mtls`, that no certificate is valid, and the server name are there; what comes from
/// certificates is not.
pub(super) fn attribute<'a>(info: &'a StreamInfo, name: &[u8]) -> Option<Value<'a>> {
    match name {
        b"id" => id(info),
        b"mtls" | b"peer_certificate_valid" => Some(Value::Bool(false)),
        b"requested_server_name" => Some(Value::from("")),
        _ => None,
    }
}

pub(super) fn id<'a>(info: &StreamInfo) -> Option<Value<'a>> {
    Some(Value::Uint(info.connection.id))
}

pub(super) fn address<'a>(address: SocketAddr, name: &[u8]) -> Option<Value<'a>> {
    match name {
        b"address" => Some(Value::from(address.to_string())),
        b"port" => Some(Value::Int(address.port().into())),
        _ => None,
    }
}
