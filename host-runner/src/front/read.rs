//! Reading bodies as Envoy's codecs pass them on, piece by piece.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};

use super::gate::Gate;
use super::http1;
use super::reset_reason::ResetReason;
use super::respond::header_map;
use crate::host::header_map::HeaderMap;
use crate::host::stream::Direction;
use crate::host::worker::Worker;
use crate::host::world::StreamId;

/// Where a body comes from.
pub(crate) enum Source {
    Http1(http1::Incoming),
    Http2(Incoming),
}

/// A body that is being read.
pub(super) struct BodyReader {
    source: Source,
    /// Shut while no more is to be read.
    gate: Arc<Gate>,
}

/// What filters are called with once.
#[derive(Debug)]
pub(crate) enum Piece {
    Data { bytes: Vec<u8>, end: End },
    Trailers(HeaderMap),
    Broken(ResetReason),
}

/// Whether data is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    No,
    Here,
    /// As HTTP/1 bodies end: with an empty call (rule L8).
    Next,
}

// === impl Source ===

impl Source {
    /// Whether nothing follows.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Http1(incoming) => incoming.is_over(),
            Self::Http2(incoming) => incoming.is_end_stream(),
        }
    }

    /// The next piece, once the gate is open. That it breaks off is told at once.
    async fn next(&mut self, gate: &Gate) -> Piece {
        let incoming = match self {
            Self::Http1(incoming) => return incoming.next(gate).await,
            Self::Http2(incoming) => incoming,
        };
        let frame = match incoming.frame().await {
            Some(Err(error)) => return Piece::Broken(ResetReason::of(&error)),
            frame => frame.and_then(Result::ok),
        };
        gate.open().await;
        match frame.map(Frame::into_data) {
            None => Piece::end(),
            Some(Ok(data)) => Piece::Data {
                bytes: data.into(),
                end: match incoming.is_end_stream() {
                    true => End::Here,
                    false => End::No,
                },
            },
            Some(Err(frame)) => {
                Piece::Trailers(header_map(&frame.into_trailers().unwrap_or_default()))
            }
        }
    }
}

// === impl BodyReader ===

impl BodyReader {
    /// HTTP/1 trailers are dropped unless asked for (rule L12).
    pub(super) fn new(mut source: Source, passes_trailers: bool, gate: Arc<Gate>) -> Self {
        if let Source::Http1(incoming) = &mut source {
            incoming.pass_trailers(passes_trailers);
        }
        Self { source, gate }
    }

    pub(super) fn is_over(&self) -> bool {
        self.source.is_over()
    }

    pub(super) async fn next(&mut self) -> Piece {
        self.source.next(&self.gate).await
    }
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
    ) -> Result<End, ResetReason> {
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
            Self::Broken(reason) => Err(reason),
        }
    }
}
