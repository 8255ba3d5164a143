//! Properties: what a filter can ask about the stream it is in, with Envoy's presence per stage and wire encodings
//! (section 3 of the host rules).

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use meshwright_core::path::{path_without_query, query};

use crate::abi::{MapType, Status};
use crate::host::header_map::HeaderMap;
use crate::host::stream::Stream;
use crate::host::tcp;
use crate::host::vm_state::VmState;

/// A stream, and the filter of it that asks.
type Asked<'a> = (&'a Stream, usize);

/// The value of a property in its wire encoding.
pub(crate) fn get(path: &[u8], state: &VmState) -> Result<Vec<u8>, Status> {
    if let Some(root) = state.root() {
        match path {
            b"plugin_name" => return Ok(root.plugin.name.clone().into_bytes()),
            b"plugin_root_id" => return Ok(root.plugin.root_id.clone().into_bytes()),
            b"plugin_vm_id" => return Ok(root.plugin.vm_id.clone().into_bytes()),
            _ => {}
        }
    }
    if let Some((connection, _)) = state.connection() {
        return tcp::property(path, connection);
    }
    let (stream, filter) = state.stream().ok_or(Status::NOT_FOUND)?;
    let (asked, connection_info) = ((stream, filter), &stream.info.connection);
    let (top, rest) = split_first(path);
    match top {
        b"" | b"request" | b"response" | b"connection" | b"source" | b"destination"
        | b"filter_state"
            if rest.is_none() =>
        {
            Err(Status::SERIALIZATION_FAILURE)
        }
        b"request" => request(rest.unwrap_or_default(), asked),
        b"response" => response(rest.unwrap_or_default(), asked),
        b"connection" => connection(rest.unwrap_or_default(), stream),
        b"source" => address(rest.unwrap_or_default(), connection_info.peer),
        b"destination" => address(rest.unwrap_or_default(), connection_info.local),
        b"filter_state" => filter_state(rest.unwrap_or_default(), stream),
        // State that was set under several segments is not found by them (rule P2).
        _ if rest.is_some() => Err(Status::NOT_FOUND),
        name => stream.info.state(name).map(<[u8]>::to_vec),
    }
}

fn request(path: &[u8], (stream, filter): Asked<'_>) -> Result<Vec<u8>, Status> {
    match path {
        b"time" => return Ok(timestamp(stream.info.started)),
        b"protocol" => return Ok(stream.info.connection.protocol.into()),
        _ => {}
    }
    // Gone in the response callbacks, back in the log stage (rule H1).
    let Some(headers) = stream.map(filter, MapType::RequestHeaders) else {
        return match path {
            b"headers" => Ok(HeaderMap::default().to_pairs()),
            _ => Err(Status::NOT_FOUND),
        };
    };
    let full_path = || headers.get(b":path").ok_or(Status::NOT_FOUND);
    let header = |name: &[u8]| {
        headers
            .get(name)
            .map(<[u8]>::to_vec)
            .ok_or(Status::NOT_FOUND)
    };
    match split_first(path) {
        (b"path", None) => full_path().map(<[u8]>::to_vec),
        // Present without a path too, and empty then.
        (b"url_path", None) => Ok(path_without_query(full_path().unwrap_or_default()).to_vec()),
        (b"query", None) => Ok(query(full_path().unwrap_or_default())
            .unwrap_or_default()
            .to_vec()),
        (b"host", None) => header(b":authority"),
        (b"scheme", None) => header(b":scheme"),
        (b"method", None) => header(b":method"),
        (b"useragent", None) => header(b"user-agent"),
        (b"referer", None) => header(b"referer"),
        (b"id", None) => header(b"x-request-id"),
        (b"headers", None) => Ok(headers.to_pairs()),
        (b"headers", Some(name)) => headers.get_joined(name).ok_or(Status::NOT_FOUND),
        _ => Err(Status::NOT_FOUND),
    }
}

fn response(path: &[u8], (stream, filter): Asked<'_>) -> Result<Vec<u8>, Status> {
    let begun = stream.response_headers.as_ref();
    let readable = stream.map(filter, MapType::ResponseHeaders);
    match split_first(path) {
        (b"code", None) => {
            let status = begun
                .and_then(|headers| headers.get(b":status"))
                .and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
            status.map(integer).ok_or(Status::NOT_FOUND)
        }
        (b"code_details", None) => {
            let details = stream.info.details.clone().filter(|_| begun.is_some());
            details.map(String::into_bytes).ok_or(Status::NOT_FOUND)
        }
        (b"headers", None) => {
            Ok(readable.map_or_else(|| HeaderMap::default().to_pairs(), HeaderMap::to_pairs))
        }
        (b"headers", Some(name)) => {
            let headers = readable.ok_or(Status::NOT_FOUND)?;
            headers.get_joined(name).ok_or(Status::NOT_FOUND)
        }
        _ => Err(Status::NOT_FOUND),
    }
}

// Plaintext only, for now: `mtls` is readable and false, the rest of the TLS properties are absent (rule M3).
fn connection(path: &[u8], stream: &Stream) -> Result<Vec<u8>, Status> {
    match path {
        b"id" => Ok(stream.info.connection.id.to_le_bytes().to_vec()),
        b"mtls" => Ok(vec![0]),
        b"requested_server_name" => Ok(Vec::new()),
        _ => Err(Status::NOT_FOUND),
    }
}

fn address(path: &[u8], address: SocketAddr) -> Result<Vec<u8>, Status> {
    match path {
        b"address" => Ok(address.to_string().into_bytes()),
        b"port" => Ok(integer(i64::from(address.port()))),
        _ => Err(Status::NOT_FOUND),
    }
}

fn filter_state(path: &[u8], stream: &Stream) -> Result<Vec<u8>, Status> {
    let name = path.strip_prefix(b"wasm.").ok_or(Status::NOT_FOUND)?;
    stream.info.state(name).map(<[u8]>::to_vec)
}

fn split_first(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = path.splitn(2, |byte| *byte == 0);
    (parts.next().unwrap_or_default(), parts.next())
}

fn integer(value: i64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn timestamp(time: SystemTime) -> Vec<u8> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    integer(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
