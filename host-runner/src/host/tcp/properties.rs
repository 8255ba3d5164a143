//! Properties of a connection: what a network filter can ask, in the encodings of section 3 of the host rules.
//!
//! Unlike those of an HTTP stream they can be asked to the very end, in `proxy_on_delete` too.

use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use crate::abi::Status;
use crate::host::tcp::{TcpConnection, TcpInfo};

/// An empty list of pairs (rule M2).
const NO_PAIRS: [u8; 4] = [0; 4];

/// The value of a property in its wire encoding.
pub(crate) fn property(path: &[u8], connection: &TcpConnection) -> Result<Vec<u8>, Status> {
    let info = &connection.info;
    let mut segments = path.splitn(2, |byte| *byte == 0);
    let top = segments.next().unwrap_or_default();
    let Some(field) = segments.next() else {
        return top_level(top, info);
    };
    let value = match top {
        b"request" => request(field, info),
        b"response" => response(field, info),
        b"connection" => of_connection(field, info),
        b"source" => address(field, info.ends.peer),
        b"destination" => address(field, info.ends.local),
        b"upstream" => upstream(field, info),
        b"xds" => return xds(field, connection).unwrap_or(Err(Status::NOT_FOUND)),
        b"filter_state" => field
            .strip_prefix(b"wasm.")
            .and_then(|name| info.state.get(name).cloned()),
        // State that was set under several segments is not found by them (rule P2).
        _ => None,
    };
    value.ok_or(Status::NOT_FOUND)
}

fn top_level(name: &[u8], info: &TcpInfo) -> Result<Vec<u8>, Status> {
    match name {
        b"connection_id" => Ok(info.ends.id.to_le_bytes().to_vec()),
        b"metadata" => Ok(Vec::new()),
        b"upstream_filter_state" if info.upstream.is_some() => Err(Status::SERIALIZATION_FAILURE),
        b"" | b"request" | b"response" | b"connection" | b"source" | b"destination"
        | b"upstream" | b"xds" | b"filter_state" => Err(Status::SERIALIZATION_FAILURE),
        name => info.state.get(name).cloned().ok_or(Status::NOT_FOUND),
    }
}

fn request(field: &[u8], info: &TcpInfo) -> Option<Vec<u8>> {
    match field {
        b"headers" => Some(NO_PAIRS.to_vec()),
        b"size" | b"total_size" => Some(info.received.to_le_bytes().to_vec()),
        b"time" => {
            let since = info.started.duration_since(UNIX_EPOCH).unwrap_or_default();
            let nanoseconds = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
            Some(nanoseconds.to_le_bytes().to_vec())
        }
        _ => None,
    }
}

fn response(field: &[u8], info: &TcpInfo) -> Option<Vec<u8>> {
    match field {
        b"headers" | b"trailers" => Some(NO_PAIRS.to_vec()),
        b"flags" => Some(info.flags.bits().to_le_bytes().to_vec()),
        b"size" | b"total_size" => Some(info.sent.to_le_bytes().to_vec()),
        _ => None,
    }
}

// Plaintext only: the rest of the TLS properties are absent.
fn of_connection(field: &[u8], info: &TcpInfo) -> Option<Vec<u8>> {
    match field {
        b"id" => Some(info.ends.id.to_le_bytes().to_vec()),
        b"mtls" | b"peer_certificate_valid" => Some(vec![0]),
        b"requested_server_name" => Some(Vec::new()),
        _ => None,
    }
}

// One attempt is made to connect, and counted once it has come to something. Nothing was said about the place.
fn upstream(field: &[u8], info: &TcpInfo) -> Option<Vec<u8>> {
    let count = u64::from(info.upstream.is_some());
    if field == b"request_attempt_count" {
        return Some(count.to_le_bytes().to_vec());
    }
    let (_, upstream) = info.upstream.as_ref()?;
    match field {
        b"num_endpoints" => Some(count.to_le_bytes().to_vec()),
        b"locality" | b"transport_failure_reason" => Some(Vec::new()),
        b"local_address" => address(b"address", upstream.local?),
        b"cx_pool_ready_duration" => {
            let waited = i64::try_from(upstream.ready_after.as_nanos()).unwrap_or(i64::MAX);
            Some(waited.to_le_bytes().to_vec())
        }
        field => address(field, upstream.address),
    }
}

fn xds(field: &[u8], connection: &TcpConnection) -> Option<Result<Vec<u8>, Status>> {
    let upstream = connection.info.upstream.as_ref();
    match field {
        b"cluster_name" => {
            let cluster = connection.chain.clusters.get(upstream?.0)?;
            Some(Ok(cluster.name.clone().into_bytes()))
        }
        b"listener_direction" => Some(Ok(0_u64.to_le_bytes().to_vec())),
        b"listener_metadata" | b"filter_chain_name" => Some(Ok(Vec::new())),
        b"cluster_metadata" => upstream.map(|_| Ok(Vec::new())),
        // There with the host, but nothing was said about it.
        b"upstream_host_metadata" | b"upstream_host_locality_metadata" => {
            upstream.map(|_| Err(Status::SERIALIZATION_FAILURE))
        }
        _ => None,
    }
}

fn address(field: &[u8], address: SocketAddr) -> Option<Vec<u8>> {
    match field {
        b"address" => Some(address.to_string().into_bytes()),
        b"port" => Some(u64::from(address.port()).to_le_bytes().to_vec()),
        _ => None,
    }
}
