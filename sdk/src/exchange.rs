//! An exchange whose handler waits: what callbacks of its stream do with it, and what they return meanwhile.
//!
//! The returned numbers are those of the ABI (rules A1 to A3). What is held is held by them, and let go by
//! `proxy_continue_stream` once the handler goes on in another callback.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use crate::core::LocalReply;
use crate::current::{self, Event, Now, Side, Wants};
use crate::flow::Flow;
use crate::hostcalls::host;
use crate::reply;
use crate::task::{AtOnce, Task};
use crate::vm;

/// A handler that waits, and what is held for it.
pub(crate) struct Exchange {
    task: Box<dyn Task>,
    /// The message it is about.
    side: Side,
    wants: Wants,
    /// Whether the message is held.
    is_held: bool,
    /// The body's bytes that its handler has seen, and those that are there, while the body is held.
    body: Held,
}

/// A body that is held.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    seen: usize,
    size: usize,
    end: bool,
}

/// What callbacks return: the message goes on.
pub(crate) const CONTINUE: u32 = 0;

/// What a body callback returns: its bytes are kept, and shown again with those that follow (rule A2).
const BUFFER: u32 = 1;

/// Begins a handler in the callback that brings `event`; what that returns. `hold` is what holds the message there.
pub(crate) fn begin(context: u32, task: impl Task + 'static, event: Event, hold: u32) -> u32 {
    let mut task = task;
    let (polled, now) = current::poll(&mut task, Now::of(context, Some(event)));
    match polled {
        Poll::Ready(flow) => conclude(flow, hold),
        Poll::Pending => {
            let mut exchange = Box::new(Exchange {
                task: Box::new(task),
                side: event.side(),
                wants: now.wants,
                is_held: false,
                body: Held::default(),
            });
            let action = exchange.wait_after(event, now.grown, hold);
            vm::with(|vm| vm.keep(context, exchange));
            action
        }
    }
}

/// Runs a handler that cannot wait in the callback that brings `event`; what that returns.
pub(crate) fn run(
    context: u32,
    handler: impl Future<Output = Flow>,
    event: Event,
    hold: u32,
) -> u32 {
    let mut task = AtOnce(pin!(handler));
    match current::poll(&mut task, Now::of(context, Some(event))).0 {
        Poll::Ready(flow) => conclude(flow, hold),
        Poll::Pending => {
            log::error!("the message is denied, because its handler waits for what nobody brings");
            let reply = LocalReply::new(500, "the message could not be judged");
            let reply = reply.with_details("meshwright_waits_for_nothing");
            conclude(Flow::Reply(reply), hold)
        }
    }
}

/// A callback of a stream brings something; what that returns.
pub(crate) fn deliver(context: u32, event: Event, hold: u32) -> u32 {
    let Some(exchange) = vm::with(|vm| vm.take(context)) else {
        return CONTINUE;
    };
    exchange.take(context, event, hold)
}

/// Whether the response's headers belong to a handler that waits; one that they put an end to is dropped.
pub(crate) fn has_response(context: u32) -> bool {
    let Some(exchange) = vm::with(|vm| vm.take(context)) else {
        return false;
    };
    let headers = Event::Headers {
        side: Side::Response,
        end: false,
    };
    let is_its = !matches!(exchange.part(headers), Part::Drop);
    if is_its {
        vm::with(|vm| vm.keep(context, exchange));
    }
    is_its
}

/// Its handler was woken by what is no callback of its stream.
pub(crate) fn resume(context: u32) {
    let Some(exchange) = vm::with(|vm| vm.take(context)) else {
        return;
    };
    // The stream may have gone meanwhile (rule C2).
    if host().set_effective_context(context).is_ok() {
        exchange.go_on(context);
    }
}

// The handler is done: what its callback returns. After a local reply that is overruled (rule A4), unless there was none.
pub(crate) fn conclude(flow: Flow, hold: u32) -> u32 {
    match flow {
        Flow::Continue => CONTINUE,
        Flow::Reply(reply) => {
            reply::send(&reply);
            hold
        }
    }
}

// === impl Exchange ===

impl Exchange {
    fn take(mut self: Box<Self>, context: u32, event: Event, hold: u32) -> u32 {
        match self.part(event) {
            Part::Poll => {
                self.side = event.side();
                self.poll(context, event, hold)
            }
            Part::Hold => {
                if let Event::Body { size, end, .. } = event {
                    self.body = Held {
                        size,
                        end,
                        ..self.body
                    };
                }
                self.body.end |= matches!(event, Event::Trailers { .. });
                vm::with(|vm| vm.keep(context, self));
                hold
            }
            Part::Pass => {
                vm::with(|vm| vm.keep(context, self));
                CONTINUE
            }
            Part::Drop => CONTINUE,
        }
    }

    // What an event is to a handler that waits.
    fn part(&self, event: Event) -> Part {
        let is_own = event.side() == self.side;
        match (event, self.wants) {
            (Event::Headers { .. }, Wants::Response) => Part::Poll,
            // An early response; the handler still has the request's body to see.
            (Event::Headers { .. }, Wants::Chunk) if !is_own => Part::Pass,
            // The proxy has answered in the upstream's place: what the handler waits for does not matter any more.
            (Event::Headers { .. }, _) => Part::Drop,
            (_, Wants::Body | Wants::Chunk) if is_own => Part::Poll,
            (_, Wants::Other) if is_own => Part::Hold,
            _ => Part::Pass,
        }
    }

    fn poll(mut self: Box<Self>, context: u32, event: Event, hold: u32) -> u32 {
        let event = self.unseen(event);
        let (polled, now) = current::poll(self.task.as_mut(), Now::of(context, Some(event)));
        match polled {
            Poll::Ready(flow) => conclude(flow, hold),
            Poll::Pending => {
                self.wants = now.wants;
                let action = self.wait_after(event, now.grown, hold);
                vm::with(|vm| vm.keep(context, self));
                action
            }
        }
    }

    // Of a body that was held, part has been seen.
    fn unseen(&self, event: Event) -> Event {
        match event {
            Event::Body {
                side, size, end, ..
            } if self.is_held => Event::Body {
                side,
                seen: self.body.seen,
                size,
                end,
            },
            event => event,
        }
    }

    // What a callback returns whose handler waits on.
    fn wait_after(&mut self, event: Event, grown: isize, hold: u32) -> u32 {
        let is_body = matches!(event, Event::Body { .. });
        self.is_held = match self.wants {
            Wants::Other => true,
            Wants::Body => is_body,
            Wants::Chunk | Wants::Response => false,
        };
        self.body = match event {
            Event::Body { size, end, .. } if self.is_held => Held {
                seen: size,
                size,
                end,
            },
            _ => Held::default(),
        };
        self.body.grow(grown);
        match self.is_held {
            true if is_body => BUFFER,
            true => hold,
            false => CONTINUE,
        }
    }

    // On from a callback of something else.
    fn go_on(mut self: Box<Self>, context: u32) {
        let mut event = None;
        loop {
            let (polled, now) = current::poll(self.task.as_mut(), Now::of(context, event));
            match polled {
                Poll::Ready(Flow::Continue) => return self.let_go(),
                Poll::Ready(Flow::Reply(reply)) => return reply::send(&reply),
                Poll::Pending => self.wants = now.wants,
            }
            self.body.grow(now.grown);
            if event.is_some() {
                self.body.seen = self.body.size;
            }
            event = self.left_over();
            if event.is_none() {
                break;
            }
        }
        let is_let_go = match self.wants {
            Wants::Other => false,
            // While it is gathered it stays.
            Wants::Body => self.body.size == 0,
            Wants::Chunk | Wants::Response => true,
        };
        if is_let_go {
            self.let_go();
            self.is_held = false;
        }
        vm::with(|vm| vm.keep(context, self));
    }

    // What came while the handler was waiting for something else, and it asks for now.
    fn left_over(&mut self) -> Option<Event> {
        let Held { seen, size, end } = self.body;
        let is_asked_for = matches!(self.wants, Wants::Body | Wants::Chunk);
        let is_new = size > seen || std::mem::take(&mut self.body.end);
        (is_asked_for && self.is_held && is_new).then_some(Event::Body {
            side: self.side,
            seen,
            size,
            end,
        })
    }

    fn let_go(&self) {
        if !self.is_held {
            return;
        }
        if let Err(status) = host().continue_stream(self.side.stream()) {
            log::error!("hostcall `continue_stream` failed: {status}; the message stays held");
        }
    }
}

// === impl Held ===

impl Held {
    fn grow(&mut self, by: isize) {
        self.seen = self.seen.saturating_add_signed(by);
        self.size = self.size.saturating_add_signed(by);
    }
}

/// What an event is to a handler that waits.
enum Part {
    /// What it waits for, perhaps.
    Poll,
    /// Not yet its turn.
    Hold,
    /// Nothing to it.
    Pass,
    /// The end of its waiting.
    Drop,
}

// === impl Event ===

impl Event {
    fn side(self) -> Side {
        match self {
            Self::Headers { side, .. } | Self::Body { side, .. } | Self::Trailers { side } => side,
        }
    }
}
