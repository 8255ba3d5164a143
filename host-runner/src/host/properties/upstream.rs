//! `upstream.*`: the host that the request went to, once it is chosen.

use super::connection::address;
use super::encoding::nanoseconds;
use super::value::{Field, Value};
use super::{View, xds};
use crate::host::stream::StreamInfo;

pub(super) fn attribute<'a>(
    view: View<'a>,
    info: &'a StreamInfo,
    name: &[u8],
) -> Option<Value<'a>> {
    let upstream = info.upstream.as_ref();
    match name {
        b"request_attempt_count" => Some(Value::Uint(u64::from(info.routed))),
        // Every cluster here has one.
        b"num_endpoints" => xds::cluster_name(view).map(|_| Value::Uint(1)),
        b"address" | b"port" => address(upstream?.address, name),
        b"local_address" => address(upstream?.local?, b"address"),
        b"transport_failure_reason" => Some(Value::from(upstream?.failure.as_str())),
        b"cx_pool_ready_duration" => Some(Value::Duration(nanoseconds(upstream?.ready_after))),
        b"locality" => upstream.map(|_| locality()),
        _ => None,
    }
}

/// Whether there is an upstream connection.
pub(super) fn is_connected(view: View<'_>) -> bool {
    let upstream = view.info.and_then(|info| info.upstream.as_ref());
    upstream.is_some_and(|upstream| upstream.local.is_some())
}

/// A place that nobody said anything about (`envoy.config.core.v3.Locality`).
pub(super) fn locality<'a>() -> Value<'a> {
    let field = |name, number| Field {
        name,
        number,
        value: Value::from(""),
    };
    Value::Message(vec![
        field("region", 1),
        field("zone", 2),
        field("sub_zone", 3),
    ])
}
