//! What is known of a stream beside its messages: its two connections, its route, how it went, and its filter state.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use crate::host::clock::Clock;
use crate::host::filter_state::{ConnectionState, FilterState};

/// What is known of a stream beside its messages.
#[derive(Debug)]
pub(crate) struct StreamInfo {
    pub(crate) connection: Connection,
    pub(crate) started: SystemTime,
    begun: Instant,
    ended: Option<Instant>,
    /// Response code details, once known.
    pub(crate) details: Option<Vec<u8>>,
    /// The status as the upstream or the proxy gave it, and from when the response is sent as the client gets it.
    pub(crate) code: Option<u32>,
    pub(crate) flags: ResponseFlags,
    pub(crate) upstream: Option<UpstreamInfo>,
    /// Index into the chain's routes, picked before the first filter and again when it was cleared (rules W0, X1).
    pub(crate) route: Option<usize>,
    pub(crate) route_cleared: bool,
    /// Whether the request has gone to an upstream, or is on its way.
    pub(crate) routed: bool,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// What filters set (rule P2).
    pub(crate) state: FilterState,
}

/// The upstream host of a stream, from when it is chosen.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamInfo {
    pub(crate) address: SocketAddr,
    /// The proxy's end of the connection; none when there was no connection.
    pub(crate) local: Option<SocketAddr>,
    /// Why there was none.
    pub(crate) failure: String,
    /// How long a connection was waited for.
    pub(crate) ready_after: Duration,
    /// When the request began to be sent, and when the last byte of the response had come.
    pub(crate) sent: Instant,
    pub(crate) received: Option<Instant>,
}

/// What went wrong with a stream (`StreamInfo::legacyResponseFlags`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ResponseFlags(u64);

/// The two ends of the downstream connection, and its protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) protocol: &'static str,
}

// === impl StreamInfo ===

impl StreamInfo {
    pub(crate) fn new(connection: Connection, clock: &Clock, state: ConnectionState) -> Self {
        Self {
            connection,
            started: clock.now(),
            begun: clock.instant(),
            ended: None,
            details: None,
            code: None,
            flags: ResponseFlags::default(),
            upstream: None,
            route: None,
            route_cleared: false,
            routed: false,
            request_bytes: 0,
            response_bytes: 0,
            state: FilterState::new(state),
        }
    }

    /// The stream is over.
    pub(crate) fn end(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    /// The last byte of the response has come.
    pub(crate) fn received(&mut self, now: Instant) {
        if let Some(upstream) = &mut self.upstream {
            upstream.received = Some(now);
        }
    }

    /// How long it took; none while it has not ended.
    pub(crate) fn duration(&self) -> Option<Duration> {
        Some(self.ended?.duration_since(self.begun))
    }
}

// === impl UpstreamInfo ===

impl UpstreamInfo {
    /// A host that there is a connection to `now`, after it was waited for since `asked`.
    pub(crate) fn connected(
        address: SocketAddr,
        local: SocketAddr,
        (asked, now): (Instant, Instant),
    ) -> Self {
        Self {
            address,
            local: Some(local),
            failure: String::new(),
            ready_after: now.duration_since(asked),
            sent: now,
            received: None,
        }
    }

    /// A host that none could be made to.
    pub(crate) fn unreachable(
        address: SocketAddr,
        failure: String,
        (asked, now): (Instant, Instant),
    ) -> Self {
        Self {
            address,
            local: None,
            failure,
            ready_after: now.duration_since(asked),
            sent: now,
            received: None,
        }
    }

    /// From the first byte of the request to the last of the response.
    pub(crate) fn latency(&self) -> Option<Duration> {
        Some(self.received?.duration_since(self.sent))
    }
}

// === impl ResponseFlags ===

impl ResponseFlags {
    /// The upstream has reset its connection (`UR`).
    pub(crate) const UPSTREAM_REMOTE_RESET: Self = Self(1 << 4);
    /// The connection to the upstream could not be made (`UF`).
    pub(crate) const UPSTREAM_CONNECTION_FAILURE: Self = Self(1 << 5);
    /// The upstream closed its connection (`UC`).
    pub(crate) const UPSTREAM_CONNECTION_TERMINATION: Self = Self(1 << 6);
    /// What the upstream sent was no HTTP that the proxy takes (`UPE`).
    pub(crate) const UPSTREAM_PROTOCOL_ERROR: Self = Self(1 << 23);
    /// There was no route (`NR`).
    pub(crate) const NO_ROUTE: Self = Self(1 << 8);
    /// The request was no HTTP that the proxy takes (`DPE`).
    pub(crate) const DOWNSTREAM_PROTOCOL_ERROR: Self = Self(1 << 18);
    /// The client closed its connection (`DC`).
    pub(crate) const DOWNSTREAM_CONNECTION_TERMINATION: Self = Self(1 << 14);
    /// The client has reset its HTTP/2 stream.
    pub(crate) const DOWNSTREAM_REMOTE_RESET: Self = Self(1 << 28);

    pub(crate) fn insert(&mut self, flag: Self) {
        self.0 |= flag.0;
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}
