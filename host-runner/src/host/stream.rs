//! What the filters of one HTTP exchange share: header maps, bodies, stream state, and the reply one of them made.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::abi::{MapType, Status};
use crate::host::header_map::HeaderMap;

/// The state of one exchange, moved into a VM while one of its callbacks runs.
#[derive(Debug)]
pub(crate) struct StreamState {
    /// Who talks to whom.
    pub(crate) connection: Connection,
    /// When the request began.
    pub(crate) started: SystemTime,
    /// Request headers; readable by filters only in the request headers stage and in the log stage (rules H1, H2).
    pub(crate) request_headers: HeaderMap,
    pub(crate) response_headers: HeaderMap,
    pub(crate) request_trailers: HeaderMap,
    /// Always empty: upstreams are spoken to in HTTP/1.1 without trailers (rule L12).
    pub(crate) response_trailers: HeaderMap,
    /// Whether the filter whose callback is running never let the request headers go: it replied in that stage.
    pub(crate) holds_request: bool,
    /// The body bytes that the current body callback sees.
    pub(crate) body: Vec<u8>,
    /// Filter state: what `set_property` wrote, by name (rule W3).
    pub(crate) state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Which callback is running.
    pub(crate) stage: Stage,
    /// The reply that a filter asked for in the current callback; the first one wins (rule Y1).
    pub(crate) local_reply: Option<PendingReply>,
    /// Whether the route must be picked again (rules W1, X1).
    pub(crate) route_cache_cleared: bool,
    /// Response code details, once known.
    pub(crate) details: String,
}

/// The two ends of the downstream connection, and its protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) protocol: &'static str,
}

/// The callback a stream is in; it decides which maps and buffers are alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    Log,
    Done,
}

/// A local reply as a guest asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingReply {
    pub(crate) status: u32,
    pub(crate) details: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The gRPC status, where one was given.
    pub(crate) grpc_status: Option<u32>,
}

// === impl StreamState ===

impl Default for StreamState {
    fn default() -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            connection: Connection {
                id: 0,
                peer: nowhere,
                local: nowhere,
                protocol: "",
            },
            started: SystemTime::UNIX_EPOCH,
            request_headers: HeaderMap::default(),
            response_headers: HeaderMap::default(),
            request_trailers: HeaderMap::default(),
            response_trailers: HeaderMap::default(),
            holds_request: false,
            body: Vec::new(),
            state: BTreeMap::new(),
            stage: Stage::RequestHeaders,
            local_reply: None,
            route_cache_cleared: false,
            details: String::new(),
        }
    }
}

impl StreamState {
    pub(crate) fn new(
        connection: Connection,
        request_headers: HeaderMap,
        started: SystemTime,
    ) -> Self {
        Self {
            connection,
            started,
            request_headers,
            ..Self::default()
        }
    }

    /// Whether the request headers can be read (rules H1, H2).
    pub(crate) fn request_headers_alive(&self) -> bool {
        match self.stage {
            Stage::RequestHeaders | Stage::Log => true,
            Stage::ResponseHeaders | Stage::ResponseBody => self.holds_request,
            Stage::RequestBody | Stage::RequestTrailers | Stage::Done => false,
        }
    }

    /// A map for reading: alive in its own stage, and most of them in the log stage (rules H1, H2).
    pub(crate) fn map(&self, kind: MapType) -> Result<&HeaderMap, Status> {
        match (kind, self.stage) {
            (MapType::RequestHeaders, _) if self.request_headers_alive() => {
                Ok(&self.request_headers)
            }
            (MapType::ResponseHeaders, Stage::ResponseHeaders | Stage::Log) => {
                Ok(&self.response_headers)
            }
            (MapType::RequestTrailers, Stage::RequestTrailers | Stage::Log) => {
                Ok(&self.request_trailers)
            }
            (MapType::ResponseTrailers, Stage::Log) => Ok(&self.response_trailers),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    /// A map for writing: only in its own stage. A change of the request headers clears the route cache (rule X1).
    pub(crate) fn map_mut(&mut self, kind: MapType) -> Result<&mut HeaderMap, Status> {
        match (kind, self.stage) {
            (MapType::RequestHeaders, stage)
                if stage != Stage::Log && self.request_headers_alive() =>
            {
                self.route_cache_cleared = true;
                Ok(&mut self.request_headers)
            }
            (MapType::ResponseHeaders, Stage::ResponseHeaders) => Ok(&mut self.response_headers),
            (MapType::RequestTrailers, Stage::RequestTrailers) => Ok(&mut self.request_trailers),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    /// Whether the request is gRPC (rule Y6): local replies then are trailers-only.
    pub(crate) fn is_grpc(&self) -> bool {
        let kind = self
            .request_headers
            .get(b"content-type")
            .unwrap_or_default();
        match kind.strip_prefix(b"application/grpc") {
            Some(rest) => rest.is_empty() || rest.starts_with(b"+") || rest.starts_with(b";"),
            None => false,
        }
    }
}
