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
        b"upstream" => info.upstream.and_then(|(_, peer)| address(field, peer)),
        b"xds" => xds(field, connection),
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
        b"flags" => Some(0_u64.to_le_bytes().to_vec()),
        b"size" | b"total_size" => Some(info.sent.to_le_bytes().to_vec()),
        _ => None,
    }
}

// Plaintext only: the rest of the TLS properties are absent.
fn of_connection(field: &[u8], info: &TcpInfo) -> Option<Vec<u8>> {
    match field {
        b"id" => Some(info.ends.id.to_le_bytes().to_vec()),
        b"mtls" => Some(vec![0]),
        b"requested_server_name" => Some(Vec::new()),
        _ => None,
    }
}

fn xds(field: &[u8], connection: &TcpConnection) -> Option<Vec<u8>> {
    match field {
        b"cluster_name" => {
            let (cluster, _) = connection.info.upstream?;
            let cluster = connection.chain.clusters.get(cluster)?;
            Some(cluster.name.clone().into_bytes())
        }
        b"listener_direction" => Some(0_u64.to_le_bytes().to_vec()),
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
