//! The request and the response as a handler sees them: first their headers, then what they become.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::body::{Body, Chunks, ReadBody};
use crate::core::headers::is_header_name;
use crate::core::{Effects, HeaderEdit, Headers, RequestHead, Verdict};
use crate::current::Side;
use crate::error::Error;
use crate::flow::Flow;
use crate::headers;
use crate::hostcalls::{Named as _, host};
use crate::listed;
use crate::response::NextResponse;
use crate::stream::Stream;
use crate::value::Value;

/// A request whose headers can be read and changed: it has not been sent on.
///
/// What sends it on consumes it ([`read_body`](Message::read_body), [`response`](Self::response), the end of the handler),
/// so that headers which are gone cannot be named (rule H1). While the handler waits for something else, a call or a
/// time, the request is held.
pub type Request<F> = Message<F, InRequest>;

/// A response whose headers can be read and changed: it has not been sent on. See [`Request`].
pub type Response<F> = Message<F, InResponse>;

/// A message of an exchange, before its headers are sent on. See [`Request`] and [`Response`].
pub struct Message<F, S> {
    stream: Stream<F>,
    side: PhantomData<S>,
    /// Whether it is headers only.
    ends: bool,
}

/// The request's side of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct InRequest;

/// The response's side of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct InResponse;

/// One of the two sides of an exchange.
pub trait OfSide: 'static {
    /// Which.
    const SIDE: Side;
}

// === impl Message ===

impl<F, S: OfSide> Message<F, S> {
    pub(crate) fn new(context: u32, ends: bool) -> Self {
        Self {
            stream: Stream::new(context),
            side: PhantomData,
            ends,
        }
    }

    /// The first value of a header; `None` where there is none. One hostcall.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn header(&self, name: &str) -> Result<Option<Value>, Error> {
        self.check()?;
        let value = host().get_header_map_value(S::SIDE.headers(), name.as_bytes());
        let value = value.found("get_header_map_value", name.as_bytes())?;
        Ok(value.map(Value::from))
    }

    /// All headers, pseudo headers included. One hostcall, however many are read: from the second header on the cheaper
    /// way.
    ///
    /// # Errors
    /// When the host refuses, or sends something that is no header list.
    pub fn headers(&self) -> Result<Headers, Error> {
        self.check()?;
        headers::get(S::SIDE.headers())
    }

    /// Replaces every value of a header by one, or adds it (rule H7).
    ///
    /// # Errors
    /// When the header cannot be sent (rule H10), or the host refuses.
    pub fn set_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let value = checked(name, value.as_ref())?;
        self.set(name, value)
    }

    /// Adds a value to a header. Hosts join those that can be there but once by a comma (rule H6).
    ///
    /// # Errors
    /// As [`Self::set_header`].
    pub fn add_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let value = checked(name, value.as_ref())?;
        self.add(name, value)
    }

    /// Removes every value of a header; one that is not there is none.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn remove_header(&self, name: &str) -> Result<(), Error> {
        self.check()?;
        let removed = host().remove_header_map_value(S::SIDE.headers(), name.as_bytes());
        Ok(removed.named("remove_header_map_value", name.as_bytes())?)
    }

    /// Whether it has headers only, no body and no trailers.
    #[must_use]
    pub fn ends_with_headers(&self) -> bool {
        self.ends
    }

    // One without a body keeps it: of a HEAD it says what a GET would have.
    fn forget_length(&self) -> Result<(), Error> {
        match self.ends {
            true => Ok(()),
            false => self.remove_header("content-length"),
        }
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.check()?;
        let set = host().replace_header_map_value(S::SIDE.headers(), name.as_bytes(), value);
        Ok(set.named("replace_header_map_value", name.as_bytes())?)
    }

    fn add(&self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.check()?;
        let added = host().add_header_map_value(S::SIDE.headers(), name.as_bytes(), value);
        Ok(added.named("add_header_map_value", name.as_bytes())?)
    }
}

impl<F, S: OfSide> Message<F, S> {
    /// Sends the headers on and waits for the whole body, which the proxy holds meanwhile.
    ///
    /// `limit` is in bytes. The proxy has one of its own: when that is reached first it answers 413 to a request, and cuts the
    /// connection of a response (rules B1, B3).
    pub fn read_body(self, limit: usize) -> ReadBody<F, S>
    where
        F: listed::Body<S>,
    {
        ReadBody::new(self.stream.context(), limit, self.ends)
    }

    /// As [`Self::read_body`], for a body that is to be [replaced](Body::replace): `content-length` is removed with the
    /// headers, because it would not fit any more (rule H13).
    ///
    /// # Errors
    /// When the host refuses to remove it.
    pub async fn edit_body(self, limit: usize) -> Result<Body<F, S>, Error>
    where
        F: listed::Body<S>,
    {
        self.forget_length()?;
        let body = self.read_body(limit).await?;
        Ok(body.editable())
    }

    /// Sends the headers on, and then the body in the parts in which it comes.
    #[must_use]
    pub fn chunks(self) -> Chunks<F, S>
    where
        F: listed::Body<S>,
    {
        Chunks::new(self.stream.context(), self.ends)
    }

    /// As [`Self::chunks`], for parts that are to be [replaced](Chunks::replace): `content-length` is removed.
    ///
    /// # Errors
    /// When the host refuses to remove it.
    pub fn edit_chunks(self) -> Result<Chunks<F, S>, Error>
    where
        F: listed::Body<S>,
    {
        self.forget_length()?;
        Ok(self.chunks().editable())
    }
}

impl<F> Message<F, InRequest> {
    /// Method, path, authority, scheme and headers. One hostcall.
    ///
    /// # Errors
    /// As [`Self::headers`].
    pub fn head(&self) -> Result<RequestHead, Error> {
        self.headers().map(RequestHead::new)
    }
}

impl<F> Message<F, InRequest> {
    /// Carries out what a policy has decided: its effects on this request, or its reply.
    ///
    /// # Errors
    /// When an effect cannot be carried out. Pass it on with `?`: a request must not go on with half of them.
    pub fn enact(&self, verdict: Verdict) -> Result<Flow, Error> {
        match verdict {
            Verdict::Continue { effects, .. } => self.apply(&effects).map(|()| Flow::Continue),
            Verdict::Deny { reply, reason } => {
                log::debug!("replied {}: {reason}", reply.status);
                Ok(Flow::Reply(reply))
            }
        }
    }

    // A value that cannot be sent is left to the proxy, whose router answers 503 to such a request (rule H10), as it does
    // when its own filters have made it.
    fn apply(&self, effects: &Effects) -> Result<(), Error> {
        for edit in &effects.headers {
            match edit {
                HeaderEdit::Set(name, value) => self.set(name, value)?,
                HeaderEdit::Append(name, value) => self.add(name, value)?,
                HeaderEdit::Remove(name) => self.remove_header(name)?,
            }
        }
        for (name, value) in &effects.state {
            self.set_state(name, value)?;
        }
        // Where the host cannot, the state just set would choose no route: that is an error, not a warning, because the
        // request would silently go where no rule sent it.
        match effects.clear_route_cache {
            true => self.clear_route_cache(),
            false => Ok(()),
        }
    }
}

impl<F> Message<F, InRequest> {
    /// Sends the request on, and waits for its response: the upstream's, or a reply that another filter or the proxy
    /// makes.
    pub fn response(self) -> NextResponse<F>
    where
        F: listed::Response,
    {
        NextResponse::new(self.stream.context())
    }
}

impl<F> Message<F, InResponse> {
    /// The status code.
    ///
    /// # Errors
    /// When the host refuses. A status that is no number is 0.
    pub fn status(&self) -> Result<u16, Error> {
        let status = self.header(":status")?;
        Ok(headers::status(status.as_deref()))
    }
}

impl<F, S> Deref for Message<F, S> {
    type Target = Stream<F>;

    fn deref(&self) -> &Stream<F> {
        &self.stream
    }
}

impl<F, S: OfSide> fmt::Debug for Message<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("side", &S::SIDE)
            .finish_non_exhaustive()
    }
}

// Hosts take any bytes, and some send them (rule H10): a line end in a value would begin another header.
pub(crate) fn checked<'a>(name: &str, value: &'a [u8]) -> Result<&'a [u8], Error> {
    let is_name = is_header_name(name.strip_prefix(':').unwrap_or(name));
    let is_value = !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    match is_name && is_value {
        true => Ok(value),
        false => Err(Error::InvalidHeader {
            name: name.escape_default().to_string(),
        }),
    }
}

impl OfSide for InRequest {
    const SIDE: Side = Side::Request;
}

impl OfSide for InResponse {
    const SIDE: Side = Side::Response;
}
