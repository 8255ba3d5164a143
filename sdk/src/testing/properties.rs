//! The properties of the proxy in memory, in Envoy's encodings and phases (section 3 of the host rules).

use super::world::{Pairs, World};
use crate::core::headers::to_pairs;
use crate::core::reply::{grpc_status, is_grpc};
use crate::current::Side;
use crate::hostcalls::MapType;
use crate::status::Status;

/// What there is to know of the stream beside its messages.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Nanoseconds since the Unix epoch.
    started: u64,
    pub(super) ended: Option<u64>,
    /// Whether it came as a request of gRPC.
    pub(super) is_grpc: bool,
    /// Whether it has gone to the upstream.
    pub(super) is_routed: bool,
    /// The status that was given first, and by whom.
    pub(super) code: Option<i64>,
    pub(super) details: Vec<u8>,
    request_bytes: i64,
    response_bytes: i64,
}

/// Who is who; nothing is said to be otherwise.
const CLIENT: &str = "127.0.0.1:40000";
const PROXY: &str = "127.0.0.1:8080";
const PROXY_TO_UPSTREAM: &str = "127.0.0.1:40001";
const UPSTREAM: &str = "127.0.0.1:9090";

/// The plugin, the node, and what else has a name.
const NAME: &[u8] = b"native";

/// The value of a property, in its wire encoding.
pub(super) fn get(world: &mut World, path: &[u8]) -> Result<Vec<u8>, Status> {
    let text = std::str::from_utf8(path).map_err(|_| Status::NOT_FOUND)?;
    if let Some(value) = without_stream(text) {
        return Ok(value);
    }
    // Without a stream there is nothing else (rule P3).
    if !world.in_stream {
        return Err(Status::NOT_FOUND);
    }
    if text == "xds\0route_name" {
        return Ok(world.route.clone().into_bytes());
    }
    let (family, name) = text.split_once('\0').unwrap_or((text, ""));
    let value = match family {
        "request" => request(world, name),
        "response" => response(world, name),
        "source" => address(CLIENT, name),
        "destination" => address(PROXY, name),
        "connection" => connection(name),
        "upstream" => upstream(&world.facts, name),
        "xds" if is_null(&world.facts, name) => return Err(Status::SERIALIZATION_FAILURE),
        "xds" => xds(name),
        // There, and empty.
        "metadata" => name.is_empty().then(Vec::new),
        "filter_state" => name.strip_prefix("wasm.").and_then(|it| world.state(it)),
        _ => world.state(text),
    };
    value.ok_or(Status::NOT_FOUND)
}

fn without_stream(path: &str) -> Option<Vec<u8>> {
    match path {
        "plugin_name" | "xds\0node\0id" | "xds\0node\0cluster" => Some(NAME.to_vec()),
        "plugin_root_id" | "plugin_vm_id" | "xds\0node" => Some(Vec::new()),
        _ => None,
    }
}

// What is read from the headers is there while these can be reached (rule H1).
fn request(world: &mut World, name: &str) -> Option<Vec<u8>> {
    let headers = world.map(MapType::RequestHeaders).cloned();
    let facts = &world.facts;
    let header = |name: &str| joined(headers.as_ref()?, name);
    let query = |path: &[u8]| path.iter().position(|byte| *byte == b'?');
    match name {
        "time" => Some(facts.started.to_le_bytes().to_vec()),
        "protocol" => Some(b"HTTP/1.1".to_vec()),
        "duration" => {
            let ended = facts.ended?;
            Some(ended.saturating_sub(facts.started).to_le_bytes().to_vec())
        }
        "size" => match header("content-length") {
            Some(length) => integer(String::from_utf8_lossy(&length).parse().ok()?),
            None => integer(facts.request_bytes),
        },
        "total_size" => integer(facts.request_bytes + size(headers.as_ref())),
        "headers" => Some(map(headers.as_ref())),
        "path" => header(":path"),
        "url_path" => {
            let path = header(":path")?;
            let end = query(&path).unwrap_or(path.len());
            path.get(..end).map(<[u8]>::to_vec)
        }
        "query" => {
            let path = header(":path")?;
            let query = query(&path).and_then(|at| path.get(at + 1..));
            Some(query.unwrap_or_default().to_vec())
        }
        "host" => header(":authority"),
        "scheme" => header(":scheme"),
        "method" => header(":method"),
        "useragent" => header("user-agent"),
        "referer" => header("referer"),
        "id" => header("x-request-id"),
        name => header(&name.strip_prefix("headers\0")?.to_ascii_lowercase()),
    }
}

fn response(world: &mut World, name: &str) -> Option<Vec<u8>> {
    let headers = world.map(MapType::ResponseHeaders).cloned();
    let trailers = world.map(MapType::ResponseTrailers).cloned();
    let facts = &world.facts;
    let number = |name: &str| {
        let text = joined(headers.as_ref()?, name)?;
        String::from_utf8_lossy(&text).parse().ok()
    };
    // As the client got it, once that is known.
    let code = || match world.logging {
        true => number(":status"),
        false => facts.code,
    };
    match name {
        "code" => integer(code()?),
        "code_details" => facts.code.map(|_| facts.details.clone()),
        "grpc_status" => integer(number("grpc-status").or_else(|| {
            let code = u32::try_from(code()?).ok()?;
            Some(grpc_status(code).into())
        })?),
        "flags" => integer(0),
        "size" => integer(facts.response_bytes),
        "total_size" => {
            integer(facts.response_bytes + size(headers.as_ref()) + size(trailers.as_ref()))
        }
        "headers" => Some(map(headers.as_ref())),
        "trailers" => Some(map(trailers.as_ref())),
        "backend_latency" if facts.ended.is_some() && facts.is_routed => integer(0),
        name => {
            let name = name.strip_prefix("headers\0")?.to_ascii_lowercase();
            joined(headers.as_ref()?, &name)
        }
    }
}

fn address(address: &str, name: &str) -> Option<Vec<u8>> {
    match name {
        "address" => Some(address.as_bytes().to_vec()),
        "port" => integer(address.rsplit_once(':')?.1.parse().ok()?),
        _ => None,
    }
}

// Without TLS.
fn connection(name: &str) -> Option<Vec<u8>> {
    match name {
        "id" => integer(0),
        "mtls" | "peer_certificate_valid" => Some(vec![0]),
        "requested_server_name" => Some(Vec::new()),
        _ => None,
    }
}

fn upstream(facts: &Facts, name: &str) -> Option<Vec<u8>> {
    match name {
        "request_attempt_count" => integer(facts.is_routed.into()),
        "num_endpoints" => integer(1),
        _ if !facts.is_routed => None,
        "local_address" => address(PROXY_TO_UPSTREAM, "address"),
        "transport_failure_reason" | "locality" => Some(Vec::new()),
        "cx_pool_ready_duration" => integer(0),
        name => address(UPSTREAM, name),
    }
}

fn xds(name: &str) -> Option<Vec<u8>> {
    match name {
        "listener_direction" => integer(0),
        "cluster_name" => Some(b"upstream".to_vec()),
        "virtual_host_name" => Some(NAME.to_vec()),
        "filter_chain_name"
        | "listener_metadata"
        | "virtual_host_metadata"
        | "route_metadata"
        | "cluster_metadata" => Some(Vec::new()),
        _ => None,
    }
}

// There with the upstream's host, of which nothing is said.
fn is_null(facts: &Facts, name: &str) -> bool {
    let is_of_host = ["upstream_host_metadata", "upstream_host_locality_metadata"].contains(&name);
    facts.is_routed && is_of_host
}

#[expect(clippy::unnecessary_wraps, reason = "so are the others")]
fn integer(value: i64) -> Option<Vec<u8>> {
    Some(value.to_le_bytes().to_vec())
}

// All values, by commas (rule H5).
fn joined(headers: &Pairs, name: &str) -> Option<Vec<u8>> {
    let of_name = headers.iter().filter(|(it, _)| it == name.as_bytes());
    let values: Vec<&[u8]> = of_name.map(|(_, value)| value.as_slice()).collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

fn map(headers: Option<&Pairs>) -> Vec<u8> {
    let headers = headers.map(Vec::as_slice).unwrap_or_default();
    let mut joined = std::collections::BTreeMap::<&[u8], Vec<&[u8]>>::new();
    for (name, value) in headers {
        joined.entry(name).or_default().push(value);
    }
    let joined: Vec<_> = joined
        .into_iter()
        .map(|(name, values)| (name, values.join(&b',')))
        .collect();
    to_pairs(joined.iter().map(|(name, value)| (*name, value.as_slice())))
}

fn size(headers: Option<&Pairs>) -> i64 {
    let headers = headers.map(Vec::as_slice).unwrap_or_default();
    let sizes = headers.iter().map(|(name, value)| name.len() + value.len());
    i64::try_from(sizes.sum::<usize>()).unwrap_or(i64::MAX)
}

// === impl Facts ===

impl Facts {
    pub(super) fn begun(started: u64, request: &Pairs) -> Self {
        Self {
            started,
            is_grpc: joined(request, "content-type").is_some_and(|kind| is_grpc(&kind)),
            ..Self::default()
        }
    }

    /// Bytes of a body have come.
    pub(super) fn count(&mut self, side: Side, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        match side {
            Side::Request => self.request_bytes += bytes,
            Side::Response => self.response_bytes += bytes,
        }
    }

    /// There is a response.
    pub(super) fn answered(&mut self, code: u32, details: &[u8]) {
        self.code = Some(code.into());
        self.details = details.to_vec();
    }
}

// === impl World ===

impl World {
    fn state(&self, name: &str) -> Option<Vec<u8>> {
        self.properties.get(name.as_bytes()).cloned()
    }
}
