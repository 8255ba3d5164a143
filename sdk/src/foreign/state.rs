//! Filter state: what filters leave for one another and for the proxy, how long it lives, and what it is.

use super::call;
use super::wire::Message;
use crate::error::Error;

/// How long filter state lives. The first that it is set with stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Span {
    /// As long as the request is in this chain of filters.
    #[default]
    FilterChain = 0,
    /// As long as the request, in other chains too, after an internal redirect.
    Request = 1,
    /// As long as the client's connection: the next request on it finds it.
    Connection = 2,
}

/// Says of stream state, before it is set with [`Stream::set_state`](crate::Stream::set_state), what it is and how long it
/// lives. In [`Filter::new`](crate::Filter::new), and nowhere else: a stream's declaration has no effect (rule F4).
///
/// ```no_run
/// # use meshwright::prelude::*;
/// # struct MyFilter;
/// use meshwright::foreign::{Declaration, Span};
///
/// # impl Filter for MyFilter {
/// #     type Config = NoConfig;
/// fn new(_: NoConfig) -> Result<Self, ConfigError> {
///     Declaration::new("tenant").text().read_only().span(Span::Connection).declare()?;
///     Ok(Self)
/// }
/// # }
/// ```
#[must_use = "it is declared by `declare`"]
#[derive(Debug, Clone, Copy)]
pub struct Declaration<'a> {
    name: &'a str,
    kind: Kind,
    is_read_only: bool,
    type_url: &'a str,
    span: Span,
}

/// What the bytes are.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bytes = 0,
    Text = 1,
    Protobuf = 3,
}

// The host's filter state (rule F5: of the stream that is acted on).
pub(crate) fn set(key: &str, value: &str, span: Span) -> Result<(), Error> {
    let argument = Message::new()
        .bytes(1, key)
        .bytes(2, value)
        .number(3, span as u8);
    call("set_envoy_filter_state", &argument.finish()).map(drop)
}

// === impl Declaration ===

impl<'a> Declaration<'a> {
    /// Bytes that live as long as the chain of filters, and can be set again: what is not declared is that.
    pub const fn new(name: &'a str) -> Self {
        Self {
            name,
            kind: Kind::Bytes,
            is_read_only: false,
            type_url: "",
            span: Span::FilterChain,
        }
    }

    /// It is text, for expressions.
    pub const fn text(mut self) -> Self {
        self.kind = Kind::Text;
        self
    }

    /// It is a message of protobuf, into which expressions can look.
    pub const fn protobuf(mut self, type_url: &'a str) -> Self {
        self.kind = Kind::Protobuf;
        self.type_url = type_url;
        self
    }

    /// It can be set once.
    pub const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// It lives that long.
    pub const fn span(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Declares it.
    ///
    /// # Errors
    /// `NotFound` where the host cannot; `BadArgument` for a name that is declared already.
    pub fn declare(self) -> Result<(), Error> {
        let argument = Message::new()
            .bytes(1, self.name)
            .number(2, self.is_read_only.into())
            .number(3, self.kind as u8)
            .bytes(4, self.type_url)
            .number(5, self.span as u8);
        call("declare_property", &argument.finish()).map(drop)
    }
}
