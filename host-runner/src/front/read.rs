//! Reading bodies as Envoy's codecs pass them on: what one read of an HTTP/1 connection gave is one piece (rule L8).

use std::future::{poll_fn, ready};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::Version;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};

use super::gate::Gate;
use super::respond::header_map;
use crate::host::header_map::HeaderMap;
use crate::host::stream::Direction;
use crate::host::worker::Worker;
use crate::host::world::StreamId;

/// Envoy's default for `per_connection_buffer_limit_bytes`: what it reads at once.
const READ_LIMIT: usize = 1024 * 1024;

type Read = Option<Result<Frame<Bytes>, hyper::Error>>;

/// A body that is being read.
pub(super) struct BodyReader {
    way: Direction,
    incoming: Incoming,
    http1: bool,
    drops_trailers: bool,
    /// Shut while no more is to be read.
    gate: Arc<Gate>,
    /// What was read and is not of the last piece.
    ahead: Option<Read>,
}

/// What filters are called with once.
#[derive(Debug)]
pub(super) enum Piece {
    Data { bytes: Vec<u8>, end: End },
    Trailers(HeaderMap),
    Broken(hyper::Error),
}

/// Whether data is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    No,
    Here,
    /// As HTTP/1 bodies end: with an empty call (rule L8).
    Next,
}

// === impl BodyReader ===

impl BodyReader {
    /// HTTP/1 trailers are dropped unless asked for (rule L12).
    pub(super) fn new(
        (way, incoming): (Direction, Incoming),
        version: Version,
        passes_trailers: bool,
        gate: Arc<Gate>,
    ) -> Self {
        let http1 = version < Version::HTTP_2;
        Self {
            way,
            incoming,
            http1,
            drops_trailers: http1 && !passes_trailers,
            gate,
            ahead: None,
        }
    }

    /// What comes after what was told: the next piece, or an end that was held back while nothing was to be read.
    pub(super) async fn after(&mut self, told: End) -> Piece {
        if told == End::Next {
            self.gate.open().await;
            return Piece::end();
        }
        self.next().await
    }

    async fn next(&mut self) -> Piece {
        loop {
            let read = match self.ahead.take() {
                Some(ahead) => ahead,
                None => self.incoming.frame().await,
            };
            // Only now, so that a peer that goes away is noticed while nothing more may be read.
            if !matches!(read, Some(Err(_))) {
                self.gate.open().await;
            }
            let frame = match read {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Piece::Broken(error),
                None => return Piece::end(),
            };
            match frame.into_data() {
                Ok(data) => return self.data(data).await,
                Err(_) if self.drops_trailers => {}
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return Piece::Trailers(header_map(&trailers));
                }
            }
        }
    }

    // Data, with what more of it there is already.
    async fn data(&mut self, first: Bytes) -> Piece {
        let mut bytes = Vec::from(first);
        while self.http1 && bytes.len() < READ_LIMIT && !self.incoming.is_end_stream() {
            match self.more().await {
                None => break,
                Some(Some(Ok(frame))) if frame.is_data() => {
                    bytes.extend(frame.into_data().unwrap_or_default());
                }
                Some(Some(Ok(_))) if self.drops_trailers => {}
                Some(None) => {
                    return Piece::Data {
                        bytes,
                        end: End::Next,
                    };
                }
                Some(other) => {
                    self.ahead = Some(other);
                    break;
                }
            }
        }
        let end = match (self.incoming.is_end_stream(), self.http1) {
            (false, _) => End::No,
            (true, true) => End::Next,
            (true, false) => End::Here,
        };
        Piece::Data { bytes, end }
    }

    // A frame, if there is one. hyper's connection hands out one at a time: it is given its turn first.
    async fn more(&mut self) -> Option<Read> {
        match self.way {
            Direction::Request => turn().await,
            // That of an upstream is a task of its own.
            Direction::Response => tokio::task::yield_now().await,
        }
        tokio::select! {
            biased;
            read = self.incoming.frame() => Some(read),
            () = ready(()) => None,
        }
    }
}

/// Lets the rest of the task, of which a server's connection is a part, go on once.
async fn turn() {
    let mut waited = false;
    poll_fn(|context| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

// === impl Piece ===

impl Piece {
    fn end() -> Self {
        Self::Data {
            bytes: Vec::new(),
            end: End::Here,
        }
    }

    /// Tells the worker, or says what broke the body off; what is still to be told, if anything is.
    pub(super) fn tell(
        self,
        worker: &mut Worker,
        id: StreamId,
        way: Direction,
    ) -> Result<End, hyper::Error> {
        match self {
            Self::Data { bytes, end } => {
                worker.arrived(id, way, bytes, end == End::Here);
                // What was read with it is decoded with it, whatever the filters say meanwhile; of requests too, until
                // reading is stopped.
                if end == End::Next && (way == Direction::Response || worker.reads(id, way)) {
                    worker.arrived(id, way, Vec::new(), true);
                    return Ok(End::Here);
                }
                Ok(end)
            }
            Self::Trailers(trailers) => {
                worker.trailers_arrived(id, way, trailers);
                Ok(End::Here)
            }
            Self::Broken(error) => Err(error),
        }
    }
}
