//! What a worker wants done outside: bytes to send, calls to make, timers to arm. A driver does it.

use std::time::Duration;

use crate::host::callout::{CallId, HttpCall};
use crate::host::grpc::GrpcEffect;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::stream::Direction;
use crate::host::tcp::{Ending, Peer};
use crate::host::world::StreamId;

/// One thing to do. Maps are as they were when they left the chain: what a filter changes later is lost.
#[derive(Debug)]
pub(crate) enum Effect {
    Http(StreamId, HttpEffect),
    Tcp(StreamId, TcpEffect),
    /// Make an HTTP call; answer with [`crate::host::traffic::Traffic::http_call_response`].
    Call(CallId, Box<HttpCall>),
    Grpc(CallId, GrpcEffect),
    /// Cut off every call of that VM.
    DropCallouts(usize),
    /// (Re)arm the tick timer of a root context; none stops it (rule Q1).
    Tick(RootId, Option<Duration>),
    /// Find the addresses of a name; answer with [`crate::host::traffic::Traffic::resolved`].
    Resolve(RootId, u32, String),
    /// A queue of a root context of that worker got an item (rule Q2).
    QueueReady(u64, RootId, u32),
}

/// A root context of a worker: which VM, and its context id there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RootId {
    pub(crate) vm: usize,
    pub(crate) context: u32,
}

/// For an HTTP stream.
#[derive(Debug)]
pub(crate) enum HttpEffect {
    /// Send the request headers to the cluster of that index in the chain.
    RequestHeaders {
        headers: HeaderMap,
        cluster: usize,
        end: bool,
    },
    /// Reply so once there is a connection to the cluster of that index: its codec does not take the headers.
    UnsendableRequest {
        cluster: usize,
        reply: Box<LocalReply>,
    },
    RequestData {
        bytes: Vec<u8>,
        end: bool,
    },
    /// Send the request trailers.
    RequestTrailers(HeaderMap),
    /// Send the response headers to the client.
    ResponseHeaders {
        headers: HeaderMap,
        end: bool,
    },
    ResponseData {
        bytes: Vec<u8>,
        end: bool,
    },
    ResponseTrailers(HeaderMap),
    /// Cut the client off.
    Reset,
    /// Stop (`false`) or go on reading in that direction (rules B1, B4).
    Read(Direction, bool),
    /// Nothing more will come of this stream; forget it, and the upstream request with it.
    Finished,
}

/// For a TCP connection.
#[derive(Debug)]
pub(crate) enum TcpEffect {
    /// Connect to the cluster of that index in the chain, and read from the client once that is done.
    Connect { cluster: usize },
    /// Send bytes, then the end if that is one; answer with [`crate::host::traffic::Traffic::tcp_written`].
    Write { to: Peer, bytes: Vec<u8>, end: bool },
    /// Stop (`false`) or go on reading from that peer.
    Read(Peer, bool),
    /// The client's connection is closed: close both, the upstream's in that way, and forget them.
    Close(Ending),
}
