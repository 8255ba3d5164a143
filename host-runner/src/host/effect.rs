//! What a worker wants done outside: bytes to send, calls to make, timers to arm. A driver does it.

use std::time::Duration;

use crate::host::callout::{CallId, HttpCall};
use crate::host::grpc::GrpcEffect;
use crate::host::stream::Direction;
use crate::host::world::StreamId;

/// One thing to do. The maps are those in the stream, which stays until the driver has seen `Finished`.
#[derive(Debug)]
pub(crate) enum Effect {
    Http(StreamId, HttpEffect),
    /// Make an HTTP call; answer with [`crate::host::worker::Worker::http_call_response`].
    Call(CallId, Box<HttpCall>),
    Grpc(CallId, GrpcEffect),
    /// Cut off every call of that VM.
    DropCallouts(usize),
    /// (Re)arm the tick timer of a root context; none stops it (rule Q1).
    Tick(RootId, Option<Duration>),
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
        cluster: usize,
        end: bool,
    },
    RequestData {
        bytes: Vec<u8>,
        end: bool,
    },
    /// Send the request trailers.
    RequestTrailers,
    /// Send the response headers to the client.
    ResponseHeaders {
        end: bool,
    },
    ResponseData {
        bytes: Vec<u8>,
        end: bool,
    },
    ResponseTrailers,
    /// Cut the client off.
    Reset,
    /// Stop (`false`) or go on reading in that direction (rules B1, B4).
    Read(Direction, bool),
    /// Nothing more will come of this stream; forget it, and the upstream request with it.
    Finished,
}
