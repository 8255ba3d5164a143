//! Bodies: whole, or in the parts in which they come.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::current::{self, Event, Wants};
use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::listed;
use crate::message::{InRequest, OfSide, checked};
use crate::response::NextResponse;
use crate::stream::Stream;

/// A whole body, which the proxy holds until the handler is done or waits for the response.
pub struct Body<F, S> {
    stream: Stream<F>,
    side: PhantomData<S>,
    bytes: Vec<u8>,
    is_editable: bool,
    /// Whether there is one at all.
    is_there: bool,
}

/// See [`Request::read_body`](crate::Request::read_body).
#[must_use = "nothing is waited for until it is awaited"]
pub struct ReadBody<F, S> {
    stream: Stream<F>,
    side: PhantomData<S>,
    limit: usize,
    is_empty: bool,
}

/// The parts of a body, as they come. Each goes on when the next one is asked for, or the handler is done.
pub struct Chunks<F, S> {
    stream: Stream<F>,
    side: PhantomData<S>,
    ended: bool,
    is_editable: bool,
    /// Where the last part is in the proxy's buffer; none when it has gone on.
    last: Option<Range<usize>>,
}

/// See [`Chunks::next`].
#[must_use = "nothing is waited for until it is awaited"]
pub struct NextChunk<'a, F, S>(&'a mut Chunks<F, S>);

/// A part of a body.
#[derive(Debug)]
pub struct Chunk {
    bytes: Vec<u8>,
}

/// To a buffer's end, wherever that is.
const ALL: usize = u32::MAX as usize;

fn buffer<S: OfSide>(start: usize, size: usize) -> Result<Vec<u8>, Error> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let bytes = host().get_buffer_bytes(S::SIDE.body(), start, size);
    Ok(bytes
        .found("get_buffer_bytes", b"body")?
        .unwrap_or_default())
}

// Trailers that do not come with a message can be made in the callback that ends its body, and only there (rule H14).
fn set_trailer<S: OfSide>(name: &str, value: &[u8]) -> Result<(), Error> {
    let value = checked(name, value)?;
    let set = host().replace_header_map_value(S::SIDE.trailers(), name.as_bytes(), value);
    Ok(set.named("replace_header_map_value", name.as_bytes())?)
}

// === impl ReadBody ===

impl<F, S: OfSide> ReadBody<F, S> {
    pub(crate) fn new(context: u32, limit: usize, is_empty: bool) -> Self {
        Self {
            stream: Stream::new(context),
            side: PhantomData,
            limit,
            is_empty,
        }
    }

    fn body(&self, bytes: Vec<u8>) -> Body<F, S> {
        Body {
            stream: Stream::new(self.stream.context()),
            side: PhantomData,
            bytes,
            is_editable: false,
            is_there: !self.is_empty,
        }
    }

    // The whole buffer, of which only the end of the body tells that it is whole.
    fn read(&self) -> Result<Body<F, S>, Error> {
        let bytes = buffer::<S>(0, self.limit.saturating_add(1))?;
        match bytes.len() > self.limit {
            true => Err(self.too_large()),
            false => Ok(self.body(bytes)),
        }
    }

    fn too_large(&self) -> Error {
        Error::TooLarge { limit: self.limit }
    }
}

impl<F, S: OfSide> Future for ReadBody<F, S> {
    type Output = Result<Body<F, S>, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.stream.check()?;
        if self.is_empty {
            return Poll::Ready(Ok(self.body(Vec::new())));
        }
        match current::now().event {
            Some(Event::Body { side, size, .. }) if side == S::SIDE && size > self.limit => {
                current::take_event();
                Poll::Ready(Err(self.too_large()))
            }
            Some(
                Event::Body {
                    side, end: true, ..
                }
                | Event::Trailers { side },
            ) if side == S::SIDE => {
                current::take_event();
                Poll::Ready(self.read())
            }
            _ => {
                current::want(Wants::Body);
                Poll::Pending
            }
        }
    }
}

// === impl Body ===

impl<F, S: OfSide> Body<F, S> {
    /// Replaces it.
    ///
    /// # Errors
    /// When it was not asked for to be edited ([`edit_body`](crate::Request::edit_body)): then its length has been sent
    /// (rule H13). When the message has none. When the host refuses.
    pub fn replace(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.stream.check()?;
        if !self.is_editable {
            return Err(Error::TooLate);
        }
        if !self.is_there {
            return Err(Error::NoBody);
        }
        let bytes = bytes.into();
        let replaced = host().set_buffer_bytes(S::SIDE.body(), 0, ALL, &bytes);
        replaced.named("set_buffer_bytes", b"body")?;
        self.bytes = bytes;
        Ok(())
    }

    /// Sets a trailer: a field that is sent after the body, and can tell of it. See [`Chunks::set_trailer`].
    ///
    /// # Errors
    /// As there; and when the message has no body.
    pub fn set_trailer(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        self.stream.check()?;
        match self.is_there {
            true => set_trailer::<S>(name, value.as_ref()),
            false => Err(Error::NoBody),
        }
    }

    /// Its stream: properties, calls, time.
    #[must_use]
    pub fn stream(&self) -> &Stream<F> {
        &self.stream
    }

    /// Its bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn editable(mut self) -> Self {
        self.is_editable = true;
        self
    }
}

impl<F> Body<F, InRequest> {
    /// As [`Request::response`](crate::Request::response).
    pub fn response(self) -> NextResponse<F>
    where
        F: listed::Response,
    {
        NextResponse::new(self.stream.context())
    }
}

impl<F, S> Deref for Body<F, S> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

// === impl Chunks ===

impl<F, S: OfSide> Chunks<F, S> {
    pub(crate) fn new(context: u32, ended: bool) -> Self {
        Self {
            stream: Stream::new(context),
            side: PhantomData,
            ended,
            is_editable: false,
            last: None,
        }
    }

    /// The next part, or `None` after the last. The one before goes on meanwhile.
    #[expect(
        clippy::should_implement_trait,
        reason = "as every stream of `async` code has it"
    )]
    pub fn next(&mut self) -> NextChunk<'_, F, S> {
        NextChunk(self)
    }

    /// Its stream: properties, calls, time.
    #[must_use]
    pub fn stream(&self) -> &Stream<F> {
        &self.stream
    }

    /// Puts other bytes in the place of the last part.
    ///
    /// # Errors
    /// When they were not asked for to be edited ([`edit_chunks`](crate::Request::edit_chunks)): then the body's length has
    /// been sent (rule H13). When the host refuses.
    pub fn replace(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.check()?;
        let Some(last) = self.last.clone().filter(|_| self.is_editable) else {
            return Err(Error::TooLate);
        };
        // Hosts replace a buffer as a whole, or at its front (rule U2).
        let before = buffer::<S>(0, last.start)?;
        let after = buffer::<S>(last.end, ALL)?;
        let whole = [before.as_slice(), bytes, &after].concat();
        let replaced = host().set_buffer_bytes(S::SIDE.body(), 0, ALL, &whole);
        replaced.named("set_buffer_bytes", b"body")?;
        current::grow(bytes.len().cast_signed() - last.len().cast_signed());
        self.last = Some(last.start..last.start + bytes.len());
        Ok(())
    }

    /// Sets a trailer: a field that is sent after the body, and can tell of it. It reaches who speaks HTTP/2, and in HTTP/1.1
    /// whom the proxy's `enable_trailers` lets have any.
    ///
    /// # Errors
    /// When [`Self::next`] has not said yet that there is no more, or a call or a time was waited for since: proxies take
    /// trailers when a body ends, and not later (rule H14). When the message has no body, or the host refuses.
    pub fn set_trailer(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        self.stream.check()?;
        set_trailer::<S>(name, value.as_ref())
    }

    pub(crate) fn editable(mut self) -> Self {
        self.is_editable = true;
        self
    }

    fn read(&mut self, seen: usize) -> Result<Chunk, Error> {
        let bytes = buffer::<S>(seen, ALL)?;
        self.last = Some(seen..seen + bytes.len());
        Ok(Chunk { bytes })
    }
}

impl<F> Chunks<F, InRequest> {
    /// As [`Request::response`](crate::Request::response); parts that are still to come pass unseen.
    pub fn response(self) -> NextResponse<F>
    where
        F: listed::Response,
    {
        NextResponse::new(self.stream.context())
    }
}

impl<F, S: OfSide> Future for NextChunk<'_, F, S> {
    type Output = Result<Option<Chunk>, Error>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let chunks = &mut *self.0;
        chunks.stream.check()?;
        chunks.last = None;
        match current::now().event {
            _ if chunks.ended => Poll::Ready(Ok(None)),
            Some(Event::Body {
                side,
                seen,
                size,
                end,
            }) if side == S::SIDE && (size > seen || end) => {
                current::take_event();
                chunks.ended = end;
                Poll::Ready(match size > seen {
                    true => chunks.read(seen).map(Some),
                    false => Ok(None),
                })
            }
            Some(Event::Trailers { side }) if side == S::SIDE => {
                current::take_event();
                chunks.ended = true;
                Poll::Ready(Ok(None))
            }
            _ => {
                current::want(Wants::Chunk);
                Poll::Pending
            }
        }
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<F, S: OfSide> fmt::Debug for Body<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl<F, S: OfSide> fmt::Debug for ReadBody<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBody")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<F, S: OfSide> fmt::Debug for Chunks<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<F, S: OfSide> fmt::Debug for NextChunk<'_, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextChunk").finish_non_exhaustive()
    }
}
