//! Bodies of the front: streamed through a channel, or complete.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Frame;
use thiserror::Error;
use tokio::sync::mpsc;

use super::gate::Gate;

/// A body that the front sends, in either direction.
pub(crate) type Body = BoxBody<Bytes, Cut>;

/// The body cannot be completed: the connection is cut, so that nobody takes a part for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the body was cut off")]
pub(crate) struct Cut;

/// The writing end of a streamed body; dropping it ends the body.
#[derive(Debug)]
pub(crate) struct BodySender {
    frames: mpsc::UnboundedSender<Piece>,
    gate: Arc<Gate>,
    completion: Completion,
}

/// When all of a body had been written, once it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Completion(Arc<OnceLock<Instant>>);

/// A complete body.
pub(crate) fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed()
}

/// What the head of a message says of its body.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    /// How many bytes it has.
    pub(crate) length: Option<u64>,
    /// True once that many are taken: whoever drops the reader then has all there is.
    pub(crate) complete: Arc<AtomicBool>,
}

/// A body that is written frame by frame. What its reader has not taken keeps the gate of its source shut; `held` lives
/// as long as the reader.
pub(crate) fn channel<T: Send + Sync + 'static>(
    gate: Arc<Gate>,
    announced: Announced,
    held: T,
) -> (BodySender, Body) {
    let (sender, frames) = mpsc::unbounded_channel();
    let reader = Reader {
        frames,
        gate: Arc::clone(&gate),
        ended: false,
        cut: false,
        announced,
        _held: held,
    };
    let sender = BodySender {
        frames: sender,
        gate,
        completion: Completion::default(),
    };
    (sender, reader.boxed())
}

// A frame, and whether it is known to be the last.
type Piece = (Result<Frame<Bytes>, Cut>, bool);

struct Reader<T> {
    frames: mpsc::UnboundedReceiver<Piece>,
    gate: Arc<Gate>,
    ended: bool,
    // The body is to be cut off, once what came before it, the head too, is on its way.
    cut: bool,
    announced: Announced,
    _held: T,
}

// === impl BodySender ===

impl BodySender {
    /// Writes bytes, `end` being whether they are the last. An end that comes after them is a frame of its own in HTTP/2.
    /// That the reader has gone is noticed elsewhere.
    pub(crate) fn data(&self, bytes: Vec<u8>, end: bool) {
        if !bytes.is_empty() {
            self.gate.sent(bytes.len());
            let _ = self.frames.send((Ok(Frame::data(bytes.into())), end));
        }
    }

    pub(crate) fn trailers(&self, trailers: http::HeaderMap) {
        let _ = self.frames.send((Ok(Frame::trailers(trailers)), true));
    }

    pub(crate) fn cut(&self) {
        let _ = self.frames.send((Err(Cut), false));
    }

    pub(crate) fn completion(&self) -> Completion {
        self.completion.clone()
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        self.completion.set();
    }
}

// === impl Completion ===

impl Completion {
    /// That of a message without a body.
    pub(crate) fn now() -> Self {
        let completion = Self::default();
        completion.set();
        completion
    }

    fn set(&self) {
        let _ = self.0.set(Instant::now());
    }

    /// How long ago that was; none while there is more to come.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.0.get().map(Instant::elapsed)
    }
}

// === impl Reader ===

impl<T: Send + Sync + 'static> hyper::body::Body for Reader<T> {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.cut {
            return Poll::Ready(Some(Err(Cut)));
        }
        let piece = std::task::ready!(self.frames.poll_recv(context));
        self.ended |= piece.as_ref().is_some_and(|(_, last)| *last);
        let frame = piece.map(|(frame, _)| frame);
        // Trailers need a body in chunks.
        let frame = frame.filter(|frame| self.announced.length.is_none() || !is_trailers(frame));
        if let Some(Err(Cut)) = frame {
            self.cut = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.gate.taken(data.len());
            let announced = &mut self.announced;
            if let Some(length) = &mut announced.length {
                *length = length.saturating_sub(data.len() as u64);
                if *length == 0 {
                    announced.complete.store(true, Ordering::Release);
                }
            }
        }
        Poll::Ready(frame)
    }

    // So that the last frame says that it is the last; a body without any still has its end to itself.
    fn is_end_stream(&self) -> bool {
        self.ended && !self.is_short()
    }
}

impl<T> Reader<T> {
    // Whether more was announced than has been taken.
    fn is_short(&self) -> bool {
        self.announced.length.is_some_and(|length| length > 0)
    }
}

fn is_trailers(frame: &Result<Frame<Bytes>, Cut>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_trailers)
}

impl<T> Unpin for Reader<T> {}
