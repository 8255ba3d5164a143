//! `response.*`. Headers and trailers are there only while the filter can reach them (rule H1).

use meshwright_core::reply::{LAST_GRPC_STATUS, grpc_status};

use super::View;
use super::encoding::nanoseconds;
use super::request::integer;
use super::value::Value;
use crate::abi::MapType;
use crate::host::header_map::HeaderMap;
use crate::host::stream::StreamInfo;

/// What a `grpc-status` that is no status of gRPC counts as.
const INVALID_GRPC_STATUS: i64 = -1;

pub(super) fn attribute<'a>(
    view: View<'a>,
    info: &'a StreamInfo,
    name: &[u8],
) -> Option<Value<'a>> {
    let headers = map(view, MapType::ResponseHeaders);
    let trailers = map(view, MapType::ResponseTrailers);
    match name {
        b"code" => info.code.map(|code| Value::Int(code.into())),
        b"code_details" => info.details.as_deref().map(Value::from),
        b"grpc_status" => {
            let said = of(trailers).or_else(|| of(headers));
            let mapped = || info.code.map(|code| grpc_status(code).into());
            said.or_else(mapped).map(Value::Int)
        }
        b"flags" => Some(integer(info.flags.bits())),
        b"size" => Some(integer(info.response_bytes)),
        b"total_size" => {
            let size = |map: Option<&HeaderMap>| map.map_or(0, HeaderMap::byte_size) as u64;
            Some(integer(
                info.response_bytes + size(headers) + size(trailers),
            ))
        }
        b"headers" => Some(Value::Headers(headers)),
        b"trailers" => Some(Value::Headers(trailers)),
        b"backend_latency" => {
            let latency = info.upstream.as_ref()?.latency()?;
            Some(Value::Duration(nanoseconds(latency)))
        }
        _ => None,
    }
}

fn map(view: View<'_>, kind: MapType) -> Option<&HeaderMap> {
    let (stream, filter) = view.http?;
    stream.property_map(filter, kind)
}

fn of(map: Option<&HeaderMap>) -> Option<i64> {
    let said = map?.get(b"grpc-status")?;
    let status = std::str::from_utf8(said)
        .ok()
        .and_then(|said| said.parse().ok());
    let valid = status.filter(|status| (0..=LAST_GRPC_STATUS.into()).contains(status));
    Some(valid.unwrap_or(INVALID_GRPC_STATUS))
}
