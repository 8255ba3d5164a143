//! Whose handler is being polled, why, and what it waits for when it returns.

use std::cell::Cell;
use std::task::Poll;

use crate::flow::Flow;
use crate::hostcalls::{BufferType, MapType, StreamType};
use crate::task::{self, Task};

thread_local! {
    static NOW: Cell<Now> = const { Cell::new(Now::NOBODY) };
}

/// A poll of a handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The stream context; 0 is nobody.
    pub(crate) context: u32,
    /// What has come that the handler may have waited for. Whoever takes it in leaves nothing.
    pub(crate) event: Option<Event>,
    /// What it waits for, of what comes by callbacks of its stream.
    pub(crate) wants: Wants,
    /// Whether it has taken in what has come of the body.
    pub(crate) took_body: bool,
    /// By how many bytes it has made longer what it has seen of the body.
    pub(crate) grown: isize,
}

/// What a callback of a stream brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Headers {
        side: Side,
        end: bool,
    },
    /// The body's buffer has that many bytes, of which those before `seen` were brought before.
    Body {
        side: Side,
        seen: usize,
        size: usize,
        end: bool,
    },
    Trailers {
        side: Side,
    },
}

/// What a handler waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Something that no callback of its stream brings: an answer, a time. The message is held meanwhile.
    #[default]
    Other,
    /// The whole body, which is held meanwhile.
    Body,
    /// The next part of the body.
    Chunk,
    /// The response.
    Response,
}

/// The request or the response of an exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// The request.
    #[default]
    Request,
    /// The response.
    Response,
}

/// Polls a task for what `now` says, and returns what it has left of that.
pub(crate) fn poll(task: &mut dyn Task, now: Now) -> (Poll<Flow>, Now) {
    let outer = NOW.replace(now);
    let polled = task::poll(task, now.context);
    (polled, NOW.replace(outer))
}

/// What is being polled.
pub(crate) fn now() -> Now {
    NOW.get()
}

/// Takes in what has come.
pub(crate) fn take_event() {
    let now = NOW.get();
    let is_body = matches!(now.event, Some(Event::Body { .. } | Event::Trailers { .. }));
    NOW.set(Now {
        event: None,
        took_body: now.took_body || is_body,
        ..now
    });
}

/// The part of the body's buffer that has been seen has another size now.
pub(crate) fn grow(by: isize) {
    let now = NOW.get();
    NOW.set(Now {
        grown: now.grown.saturating_add(by),
        ..now
    });
}

/// Says what the handler waits for.
pub(crate) fn want(wants: Wants) {
    NOW.set(Now { wants, ..NOW.get() });
}

// === impl Now ===

impl Now {
    const NOBODY: Self = Self {
        context: 0,
        event: None,
        wants: Wants::Other,
        took_body: false,
        grown: 0,
    };

    pub(crate) fn of(context: u32, event: Option<Event>) -> Self {
        Self {
            context,
            event,
            ..Self::NOBODY
        }
    }
}

// === impl Side ===

impl Side {
    pub(crate) fn headers(self) -> MapType {
        match self {
            Self::Request => MapType::RequestHeaders,
            Self::Response => MapType::ResponseHeaders,
        }
    }

    pub(crate) fn trailers(self) -> MapType {
        match self {
            Self::Request => MapType::RequestTrailers,
            Self::Response => MapType::ResponseTrailers,
        }
    }

    pub(crate) fn body(self) -> BufferType {
        match self {
            Self::Request => BufferType::RequestBody,
            Self::Response => BufferType::ResponseBody,
        }
    }

    pub(crate) fn stream(self) -> StreamType {
        match self {
            Self::Request => StreamType::Request,
            Self::Response => StreamType::Response,
        }
    }
}
