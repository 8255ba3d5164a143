//! Streams of messages, both ways.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{Ending, Line, Method, begun, forget};
use crate::error::Error;
use crate::hostcalls::{Named as _, host};

/// A gRPC stream: messages are sent while others are received. Dropped, it is cancelled.
pub struct GrpcStream {
    token: u32,
    line: Rc<Line>,
    is_over: bool,
    is_finished: Cell<bool>,
}

/// See [`GrpcStream::next`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct NextMessage<'a>(&'a mut GrpcStream);

// === impl GrpcStream ===

impl GrpcStream {
    pub(crate) fn begin(
        (cluster, service, method): (&str, &str, &str),
        metadata: &[(&str, &[u8])],
    ) -> Result<Self, Error> {
        let metadata = metadata.iter();
        let metadata = metadata.map(|(name, value)| ((*name).to_owned(), value.to_vec()));
        let method = Method {
            metadata: metadata.collect(),
            ..Method::new(cluster, service, method)
        };
        let token = method.with("grpc_stream", |method| host().grpc_stream(method))?;
        Ok(Self {
            token,
            line: begun(token),
            is_over: false,
            is_finished: Cell::new(false),
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the stream is over, or the host refuses.
    pub fn send(&self, message: impl AsRef<[u8]>) -> Result<(), Error> {
        let sent = host().grpc_send(self.token, message.as_ref(), false);
        Ok(sent.named("grpc_send", b"")?)
    }

    /// Says that no message follows; those of the other side still come.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn finish(&self) -> Result<(), Error> {
        self.is_finished.set(true);
        Ok(host().grpc_close(self.token).named("grpc_close", b"")?)
    }

    /// The next message of the other side; `None` when it has ended well. Another end is [`Error::Grpc`].
    #[expect(
        clippy::should_implement_trait,
        reason = "as every stream of `async` code has it"
    )]
    pub fn next(&mut self) -> NextMessage<'_> {
        NextMessage(self)
    }
}

impl Future for NextMessage<'_> {
    type Output = Result<Option<Vec<u8>>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = &mut *self.0;
        if stream.is_over {
            return Poll::Ready(Ok(None));
        }
        let Poll::Ready(brought) = stream.line.poll(context) else {
            return Poll::Pending;
        };
        stream.is_over = brought.is_err();
        Poll::Ready(match brought {
            Ok(message) => Ok(Some(message)),
            Err(Ending::Status(status)) if status.code == 0 => Ok(None),
            Err(ending) => Err(ending.into()),
        })
    }
}

// What the other side has ended stays with the host until this one has, too.
impl Drop for GrpcStream {
    fn drop(&mut self) {
        let is_open = forget(self.token).is_some();
        if is_open || (self.is_over && !self.is_finished.get()) {
            let _ = host().grpc_cancel(self.token);
        }
    }
}

impl fmt::Debug for GrpcStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcStream")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NextMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextMessage").finish_non_exhaustive()
    }
}
