//! A connection whose handler waits: what callbacks of it do with the handler, and what they return meanwhile.
//!
//! A client's bytes are held by Stop and let go by `proxy_continue_stream`; an upstream's are held by Stop and go on with those
//! that follow, because hosts cannot let them go (section 2.14).

use std::task::Poll;

use crate::current::{self, Event, Now, Side, Wants};
use crate::exchange::{CONTINUE, Never};
use crate::flow::Flow;
use crate::hostcalls::{StreamType, host};
use crate::status::Status;
use crate::task::Task;
use crate::vm;
use crate::waker;

/// A connection's handler that waits, and what is held for it.
pub(crate) struct Connected {
    task: Box<dyn Task>,
    wants: Wants,
    /// Whether it has asked for the bytes of both peers.
    watches: bool,
    client: Held,
    upstream: Held,
}

/// Bytes of a peer: whether they are held, how many of them the handler has seen, how many there are, and whether their end
/// is still to be seen.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    is_held: bool,
    seen: usize,
    size: usize,
    end: bool,
}

/// What callbacks return: nothing goes on.
const STOP: u32 = 1;

/// How often a handler may be polled in one callback.
const ROUNDS: usize = 100;

/// Begins a handler in `proxy_on_new_connection`; what that returns.
pub(crate) fn begin(context: u32, task: impl Task + 'static) -> u32 {
    let mut connected = Box::new(Connected {
        task: Box::new(task),
        wants: Wants::Other,
        watches: false,
        client: Held::default(),
        upstream: Held::default(),
    });
    match connected.drive(context, None, Some(Side::Request)) {
        Poll::Ready(action) => action,
        Poll::Pending => {
            // Bytes come only when the upstream is connected, so that who waits for them lets the connection go on.
            let holds = connected.wants == Wants::Other;
            connected.client.is_held = holds;
            vm::with(|vm| vm.keep_connection(context, connected));
            u32::from(holds)
        }
    }
}

/// A data callback brings bytes, or their end; what it returns.
pub(crate) fn deliver(context: u32, event: Event) -> u32 {
    match vm::with(|vm| vm.take_connection(context)) {
        Some(connected) => connected.take(context, event),
        None => CONTINUE,
    }
}

/// Its handler was woken by what is no callback of the connection.
pub(crate) fn resume(context: u32) {
    let Some(mut connected) = vm::with(|vm| vm.take_connection(context)) else {
        return;
    };
    match host().set_effective_context(context) {
        Ok(()) => {
            if connected.drive(context, None, None).is_pending() {
                vm::with(|vm| vm.keep_connection(context, connected));
            }
        }
        // The connection has gone meanwhile (rule C2).
        Err(Status::BAD_ARGUMENT) => {}
        Err(status) => {
            log::error!(
                "hostcall `set_effective_context` failed: {status}; the connection stays held"
            );
            vm::with(|vm| vm.keep_connection(context, connected));
        }
    }
}

/// Closes the connection whose callback is running; what that returns.
pub(crate) fn close() -> u32 {
    if let Err(status) = host().close_stream(StreamType::Downstream) {
        log::error!("hostcall `close_stream` failed: {status}; the connection stays held");
    }
    STOP
}

// === impl Connected ===

impl Connected {
    fn take(mut self: Box<Self>, context: u32, event: Event) -> u32 {
        let Event::Body {
            side, size, end, ..
        } = event
        else {
            return CONTINUE;
        };
        self.of(side).arrive(size, end);
        let is_wanted = side == Side::Request || self.wants == Wants::Chunk;
        let driven = match self.left_over().filter(|_| is_wanted) {
            Some(event) => self.drive(context, Some(event), Some(side)),
            None => Poll::Pending,
        };
        match driven {
            Poll::Ready(action) => action,
            Poll::Pending => {
                let action = self.action(side);
                vm::with(|vm| vm.keep_connection(context, self));
                action
            }
        }
    }

    // Polls the handler until there is nothing more for it; what the callback returns if it is done.
    fn drive(&mut self, context: u32, event: Option<Event>, callback: Option<Side>) -> Poll<u32> {
        let mut event = event;
        for _ in 0..ROUNDS {
            let (polled, now) = current::poll(self.task.as_mut(), Now::of(context, event));
            if let Poll::Ready(flow) = polled {
                return self.end(&flow, callback);
            }
            self.note(event, now);
            event = match waker::is_woken(context) {
                true => None,
                // It was shown what there is, and did not want it.
                false if now.event.is_some() => break,
                false => match self.left_over() {
                    Some(event) => Some(event),
                    None => break,
                },
            };
        }
        self.let_go(callback);
        Poll::Pending
    }

    // What it waits for now, and what it has made of the bytes that it was shown.
    fn note(&mut self, shown: Option<Event>, now: Now) {
        self.wants = now.wants;
        self.watches |= now.wants == Wants::Chunk;
        if let Some(Event::Body { side, .. }) = shown {
            self.of(side).took(now);
        }
    }

    // What has come and the handler asks for.
    fn left_over(&self) -> Option<Event> {
        let client = self.client.unseen(Side::Request);
        match self.wants {
            Wants::Body => client,
            Wants::Chunk => client.or_else(|| self.upstream.unseen(Side::Response)),
            Wants::Other | Wants::Response => None,
        }
    }

    // The handler is done: what its callback returns. What cannot be closed is held for ever.
    fn end(&mut self, flow: &Flow, callback: Option<Side>) -> Poll<u32> {
        match flow {
            Flow::Continue => {
                self.wants = Wants::Chunk;
                self.let_go(callback);
                Poll::Ready(CONTINUE)
            }
            Flow::Reply(_) => match host().close_stream(StreamType::Downstream) {
                Ok(()) => Poll::Ready(STOP),
                Err(status) => {
                    log::error!(
                        "hostcall `close_stream` failed: {status}; the connection stays held"
                    );
                    (self.task, self.wants) = (Box::new(Never), Wants::Other);
                    Poll::Pending
                }
            },
        }
    }

    // What the running callback returns, of whose bytes that is.
    fn action(&mut self, side: Side) -> u32 {
        let holds = self.holds(side);
        match holds {
            true => self.of(side).is_held = true,
            false => *self.of(side) = Held::default(),
        }
        u32::from(holds)
    }

    // Whether bytes are to be held for what the handler waits for.
    fn holds(&self, side: Side) -> bool {
        match (side, self.wants) {
            (_, Wants::Chunk) => false,
            (Side::Request, _) => true,
            (Side::Response, _) => self.watches,
        }
    }

    // Lets go of the client's bytes that are held and need not be, but not where the running callback decides about them.
    fn let_go(&mut self, callback: Option<Side>) {
        let is_running = callback == Some(Side::Request);
        if is_running || !self.client.is_held || self.holds(Side::Request) {
            return;
        }
        self.client = Held::default();
        if let Err(status) = host().continue_stream(StreamType::Downstream) {
            log::error!("hostcall `continue_stream` failed: {status}; the connection stays held");
        }
    }

    fn of(&mut self, side: Side) -> &mut Held {
        match side {
            Side::Request => &mut self.client,
            Side::Response => &mut self.upstream,
        }
    }
}

// === impl Held ===

impl Held {
    fn arrive(&mut self, size: usize, end: bool) {
        let seen = if self.is_held { self.seen } else { 0 };
        *self = Self {
            is_held: self.is_held,
            seen,
            size,
            end,
        };
    }

    fn took(&mut self, now: Now) {
        if now.took_body {
            self.seen = self.size.saturating_add_signed(now.grown);
            self.size = self.seen;
            self.end = false;
        }
    }

    fn unseen(&self, side: Side) -> Option<Event> {
        let Self {
            seen, size, end, ..
        } = *self;
        (size > seen || end).then_some(Event::Body {
            side,
            seen,
            size,
            end,
        })
    }
}
