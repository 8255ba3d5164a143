//! `request.*`. What is read from the headers is there only while the filter can reach them (rule H1).

use super::View;
use super::encoding::nanoseconds;
use super::value::Value;
use crate::abi::MapType;
use crate::host::header_map::HeaderMap;
use crate::host::stream::StreamInfo;

pub(super) fn attribute<'a>(
    view: View<'a>,
    info: &'a StreamInfo,
    name: &[u8],
) -> Option<Value<'a>> {
    let headers = headers(view);
    match name {
        b"time" => Some(Value::Time(nanoseconds(
            info.started.duration_since(std::time::UNIX_EPOCH).ok()?,
        ))),
        b"protocol" => Some(Value::from(info.connection.protocol)),
        b"duration" => info.duration().map(nanoseconds).map(Value::Duration),
        b"size" => size(info, headers).map(Value::Int),
        b"total_size" => {
            let headers = headers.map_or(0, HeaderMap::byte_size);
            Some(integer(info.request_bytes + headers as u64))
        }
        b"headers" => Some(Value::Headers(headers)),
        name => of_headers(headers?, name),
    }
}

fn headers(view: View<'_>) -> Option<&HeaderMap> {
    let (stream, filter) = view.http?;
    stream.map(filter, MapType::RequestHeaders)
}

fn of_headers<'a>(headers: &'a HeaderMap, name: &[u8]) -> Option<Value<'a>> {
    // Present without a path too, and empty then.
    let path = || headers.get(b":path").unwrap_or_default();
    let header = match name {
        b"url_path" => return Some(Value::from(before(path(), b'?'))),
        b"query" => return Some(Value::from(query(path()))),
        b"path" => headers.get(b":path"),
        b"host" => headers.get(b":authority"),
        b"scheme" => headers.get(b":scheme"),
        b"method" => headers.get(b":method"),
        b"useragent" => headers.get(b"user-agent"),
        b"referer" => headers.get(b"referer"),
        b"id" => headers.get(b"x-request-id"),
        _ => None,
    };
    header.map(Value::from)
}

fn before(text: &[u8], end: u8) -> &[u8] {
    text.split(|byte| *byte == end).next().unwrap_or_default()
}

// Without the fragment, which the path keeps.
fn query(path: &[u8]) -> &[u8] {
    let mut parts = path.splitn(2, |byte| *byte == b'?');
    before(parts.nth(1).unwrap_or_default(), b'#')
}

// What the headers promise, where there is a promise and it can be read, and otherwise what has arrived.
fn size(info: &StreamInfo, headers: Option<&HeaderMap>) -> Option<i64> {
    match headers.and_then(|headers| headers.get(b"content-length")) {
        Some(length) => std::str::from_utf8(length).ok()?.parse().ok(),
        None => i64::try_from(info.request_bytes).ok(),
    }
}

pub(super) fn integer<'a>(value: u64) -> Value<'a> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
