//! Bodies of the front: streamed through a channel, or complete.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use thiserror::Error;
use tokio::sync::mpsc;

/// A body that the front sends, in either direction.
pub(crate) type Body = BoxBody<Bytes, Cut>;

/// The body cannot be completed: the connection is cut, so that nobody takes a part for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the body was cut off")]
pub(crate) struct Cut;

/// The writing end of a streamed body.
pub(crate) type BodySender = mpsc::Sender<Result<Frame<Bytes>, Cut>>;

/// A complete body.
pub(crate) fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed()
}

/// A complete body whose length is not told, because a filter removed `content-length` (rule H13).
pub(crate) fn unsized_body(bytes: Vec<u8>) -> Body {
    if bytes.is_empty() {
        return full(bytes);
    }
    let (sender, body) = channel();
    // There is room: nothing has been written yet.
    let _ = sender.try_send(Ok(Frame::data(Bytes::from(bytes))));
    body
}

/// A body that is written frame by frame; small, so that a slow reader slows the writer.
pub(crate) fn channel() -> (BodySender, Body) {
    let (sender, receiver) = mpsc::channel(4);
    let frames = Receiver(receiver);
    (sender, BodyExt::boxed(StreamBody::new(frames)))
}

struct Receiver(mpsc::Receiver<Result<Frame<Bytes>, Cut>>);

impl futures_core::Stream for Receiver {
    type Item = Result<Frame<Bytes>, Cut>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
