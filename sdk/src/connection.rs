//! A TCP connection as a handler of a network filter sees it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::core::LocalReply;
use crate::current::{self, Event, Side, Wants};
use crate::error::Error;
use crate::flow::Flow;
use crate::hostcalls::{BufferType, Named as _, host};
use crate::stream::Stream;

/// A TCP connection that a proxy passes on to an upstream. Envoy reads from the client once it is connected to that.
///
/// While its handler waits for something else, a call or a time, the upstream is not connected to, or the client's bytes are
/// held. Those of the upstream pass meanwhile; but once the handler has asked for [`next`](Self::next) they are held, and go
/// on with those that follow: hosts cannot let them go by themselves.
pub struct Connection<F> {
    stream: Stream<F>,
    /// The piece that was given last, and where it is in the proxy's buffer; none when it has gone on.
    last: Option<(Peer, usize, usize)>,
    /// Whether the client has ended, and the upstream.
    ended: (bool, bool),
}

/// What becomes of a connection when its handler is done.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// All that follows passes unseen.
    Continue,
    /// It is closed.
    Close,
}

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The client.
    Downstream,
    /// Where the proxy passes the connection on to.
    Upstream,
}

/// Bytes that a peer has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Who has sent them.
    pub from: Peer,
    /// As many as have come; none at its end.
    pub bytes: Vec<u8>,
    /// Whether that peer sends no more.
    pub end: bool,
}

/// See [`Connection::first_bytes`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct FirstBytes<'a, F> {
    connection: &'a Connection<F>,
    at_least: usize,
}

/// See [`Connection::next`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct NextPiece<'a, F>(&'a mut Connection<F>);

/// Proxies stop reading when more than their limit waits, which operators can set as low as this.
const FIRST_LIMIT: usize = 16 * 1024;

/// To a buffer's end, wherever that is.
const ALL: usize = u32::MAX as usize;

// === impl Connection ===

impl<F> Connection<F> {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            stream: Stream::new(context),
            last: None,
            ended: (false, false),
        }
    }

    /// The client's first bytes: at least so many (16 KiB at most), or all where it has sent fewer and ended. The proxy holds
    /// them, and [`next`](Self::next) gives them again.
    ///
    /// An upstream that speaks first is not waited for: what it says passes.
    pub fn first_bytes(&self, at_least: usize) -> FirstBytes<'_, F> {
        FirstBytes {
            connection: self,
            at_least,
        }
    }

    /// The next bytes, from whichever peer, or `None` when both have ended. Those before go on meanwhile.
    #[expect(
        clippy::should_implement_trait,
        reason = "as every stream of `async` code has it"
    )]
    pub fn next(&mut self) -> NextPiece<'_, F> {
        NextPiece(self)
    }

    /// Puts other bytes in the place of the last piece.
    ///
    /// # Errors
    /// When there is none, or the host refuses.
    pub fn replace(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.check()?;
        let Some((from, start, size)) = self.last else {
            return Err(Error::TooLate);
        };
        // Hosts replace a buffer as a whole, or at its front (rule U2).
        let before = buffer(from, 0, start)?;
        let after = buffer(from, start + size, ALL)?;
        let whole = [before.as_slice(), bytes, &after].concat();
        let replaced = host().set_buffer_bytes(from.buffer(), 0, ALL, &whole);
        replaced.named("set_buffer_bytes", b"connection")?;
        current::grow(bytes.len().cast_signed() - size.cast_signed());
        self.last = Some((from, start, bytes.len()));
        Ok(())
    }

    fn piece(&mut self, (from, seen, end): (Peer, usize, bool)) -> Result<Piece, Error> {
        let bytes = buffer(from, seen, ALL)?;
        self.last = Some((from, seen, bytes.len()));
        match from {
            Peer::Downstream => self.ended.0 |= end,
            Peer::Upstream => self.ended.1 |= end,
        }
        Ok(Piece { from, bytes, end })
    }
}

fn buffer(from: Peer, start: usize, size: usize) -> Result<Vec<u8>, Error> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let bytes = host().get_buffer_bytes(from.buffer(), start, size);
    Ok(bytes
        .found("get_buffer_bytes", b"connection")?
        .unwrap_or_default())
}

impl<F> Deref for Connection<F> {
    type Target = Stream<F>;

    fn deref(&self) -> &Stream<F> {
        &self.stream
    }
}

impl<F> Future for FirstBytes<'_, F> {
    type Output = Result<Vec<u8>, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.connection.stream.check()?;
        if self.at_least > FIRST_LIMIT {
            return Poll::Ready(Err(Error::TooLarge { limit: FIRST_LIMIT }));
        }
        match current::now().event {
            Some(Event::Body {
                side: Side::Request,
                size,
                end,
                ..
            }) if size >= self.at_least || end => Poll::Ready(buffer(Peer::Downstream, 0, ALL)),
            _ => {
                current::want(Wants::Body);
                Poll::Pending
            }
        }
    }
}

impl<F> Future for NextPiece<'_, F> {
    type Output = Result<Option<Piece>, Error>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let connection = &mut *self.0;
        connection.stream.check()?;
        connection.last = None;
        match current::now().event {
            _ if connection.ended == (true, true) => Poll::Ready(Ok(None)),
            Some(Event::Body {
                side,
                seen,
                size,
                end,
            }) if size > seen || end => {
                current::take_event();
                let piece = connection.piece((side.into(), seen, end));
                Poll::Ready(piece.map(Some))
            }
            _ => {
                current::want(Wants::Chunk);
                Poll::Pending
            }
        }
    }
}

// === impl Peer ===

impl Peer {
    fn buffer(self) -> BufferType {
        match self {
            Self::Downstream => BufferType::DownstreamData,
            Self::Upstream => BufferType::UpstreamData,
        }
    }
}

/// A client's bytes go the way of requests.
impl From<Side> for Peer {
    fn from(side: Side) -> Self {
        match side {
            Side::Request => Self::Downstream,
            Side::Response => Self::Upstream,
        }
    }
}

// A reply cannot be sent on a connection.
impl From<Passage> for Flow {
    fn from(passage: Passage) -> Self {
        match passage {
            Passage::Continue => Self::Continue,
            Passage::Close => Self::Reply(LocalReply::new(0, "")),
        }
    }
}

impl<F> fmt::Debug for Connection<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for FirstBytes<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstBytes")
            .field("at_least", &self.at_least)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for NextPiece<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextPiece").finish_non_exhaustive()
    }
}
