//! An exchange whose handler waits: what callbacks of its stream do with it, and what they return meanwhile.
//!
//! The returned numbers are those of the ABI (rules A1 to A3). What is held is held by them, and let go by
//! `proxy_continue_stream` once the handler goes on in another callback; never in a callback of the same stream, where hosts
//! do other things then (rules R2, R3).

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use crate::current::{self, Event, Now, Side, Wants};
use crate::flow::Flow;
use crate::hostcalls::host;
use crate::reply;
use crate::status::Status;
use crate::task::{AtOnce, Task};
use crate::vm::{self, Handler};
use crate::waker;

/// A handler that waits, and what is held for it.
pub(crate) struct Exchange {
    task: Box<dyn Task>,
    /// The message it has now.
    side: Side,
    wants: Wants,
    /// Whether the request's headers have gone on.
    is_sent: bool,
    is_request_held: bool,
    is_response_held: bool,
    /// Of the message it has, while that is held.
    body: Held,
    /// Response headers that came while it still had the request, and whether they are all; they are held for it.
    early: Option<bool>,
}

/// A body: how many bytes of it the handler has seen, how many there are, and whether its end, too, is still to be seen.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    seen: usize,
    size: usize,
    end: bool,
}

/// A callback that must return something: of which message, and what holds that there.
#[derive(Debug, Clone, Copy)]
struct Callback {
    side: Side,
    hold: u32,
}

/// What an event is to a handler that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A denied message that could not be replied to: it never goes on.
pub(crate) struct Never;

/// What callbacks return: the message goes on.
pub(crate) const CONTINUE: u32 = 0;

/// How often a handler may wake itself in one callback.
const ROUNDS: usize = 100;

/// Begins a handler in the callback that brings `event`; what that returns. `hold` is what holds the message there.
pub(crate) fn begin(
    (context, handler): (u32, Handler),
    task: impl Task + 'static,
    event: Event,
    hold: u32,
) -> u32 {
    let mut task = task;
    let (polled, now) = current::poll(&mut task, Now::of(context, Some(event)));
    let side = event.side();
    if let Poll::Ready(Flow::Continue) = polled {
        return CONTINUE;
    }
    let mut exchange = Box::new(Exchange {
        task: Box::new(task),
        side,
        wants: now.wants,
        is_sent: false,
        is_request_held: false,
        is_response_held: false,
        body: Held::default(),
        early: None,
    });
    let callback = Callback { side, hold };
    match exchange.after(context, polled, now, Some(callback)) {
        Poll::Ready(action) => action,
        Poll::Pending => {
            let action = exchange.action(callback);
            vm::with(|vm| vm.keep((context, handler), exchange));
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
            let reply = reply::not_judged(500, "meshwright_waits_for_nothing");
            conclude(Flow::Reply(reply), hold)
        }
    }
}

/// A callback of a stream brings something to the handler of requests and to that of responses; what it returns.
pub(crate) fn deliver(context: u32, event: Event, hold: u32) -> u32 {
    let deliver = |handler| match vm::with(|vm| vm.take((context, handler))) {
        Some(exchange) => exchange.take((context, handler), event, hold),
        None => CONTINUE,
    };
    // One that holds is enough.
    let actions = [deliver(Handler::OfRequests), deliver(Handler::OfResponses)];
    actions
        .into_iter()
        .find(|action| *action != CONTINUE)
        .unwrap_or(CONTINUE)
}

/// Its handlers were woken by what is no callback of their stream.
pub(crate) fn resume(context: u32) {
    for handler in [Handler::OfRequests, Handler::OfResponses] {
        let Some(exchange) = vm::with(|vm| vm.take((context, handler))) else {
            continue;
        };
        match host().set_effective_context(context) {
            Ok(()) => exchange.go_on((context, handler)),
            // The stream has gone meanwhile (rule C2).
            Err(Status::BAD_ARGUMENT) => {}
            Err(status) => {
                log::error!(
                    "hostcall `set_effective_context` failed: {status}; the message stays held"
                );
                vm::with(|vm| vm.keep((context, handler), exchange));
            }
        }
    }
}

/// Whether the handler of requests waits for the response. One that an answer of the proxy puts an end to is dropped.
pub(crate) fn awaits_response(context: u32) -> bool {
    let id = (context, Handler::OfRequests);
    let Some(exchange) = vm::with(|vm| vm.take(id)) else {
        return false;
    };
    let awaits = exchange.wants == Wants::Response;
    if awaits || exchange.is_sent {
        vm::with(|vm| vm.keep(id, exchange));
    }
    awaits
}

// A handler that does not wait is done: what its callback returns. After a local reply that is overruled (rule A4), unless
// there was none.
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
    fn take(mut self: Box<Self>, id: (u32, Handler), event: Event, hold: u32) -> u32 {
        let side = event.side();
        let part = self.part(event);
        match part {
            Part::Drop => return CONTINUE,
            Part::Pass => {
                vm::with(|vm| vm.keep(id, self));
                return CONTINUE;
            }
            Part::Hold | Part::Poll => {}
        }
        if let Event::Headers {
            end,
            side: Side::Response,
        } = event
            && part == Part::Hold
        {
            self.early = Some(end);
            self.is_response_held = true;
            vm::with(|vm| vm.keep(id, self));
            return hold;
        }
        self.arrive(event);
        if part == Part::Hold {
            *self.is_held(side) = true;
            vm::with(|vm| vm.keep(id, self));
            return hold;
        }
        let callback = Callback { side, hold };
        match self.drive(id.0, Some(self.showing(event)), Some(callback)) {
            Poll::Ready(action) => action,
            Poll::Pending => {
                let action = self.action(callback);
                vm::with(|vm| vm.keep(id, self));
                action
            }
        }
    }

    // On from a callback of something else.
    fn go_on(mut self: Box<Self>, id: (u32, Handler)) {
        if self.drive(id.0, None, None).is_pending() {
            vm::with(|vm| vm.keep(id, self));
        }
    }

    // What an event is to a handler that waits.
    fn part(&self, event: Event) -> Part {
        let is_own = event.side() == self.side;
        match (event, self.wants) {
            (Event::Headers { .. }, Wants::Response) => Part::Poll,
            // The request was never sent: the proxy has answered it, and what the handler waits for does not matter any more.
            (Event::Headers { .. }, _) if !self.is_sent => Part::Drop,
            // It was, and the handler may ask for the response later.
            (Event::Headers { .. }, _) if !is_own => Part::Hold,
            // Another response in the place of the one that it has.
            (Event::Headers { .. }, _) => Part::Drop,
            (_, Wants::Body | Wants::Chunk) if is_own => Part::Poll,
            (_, Wants::Other) if is_own => Part::Hold,
            // What is left of a response whose headers are held does not come; of the request, it passes.
            _ => Part::Pass,
        }
    }

    // Bytes, and the end, have come to what is held, or to a buffer that is new.
    fn arrive(&mut self, event: Event) {
        let side = event.side();
        match event {
            Event::Headers { .. } => {
                self.side = side;
                self.body = Held::default();
            }
            Event::Body { size, end, .. } => {
                let seen = if *self.is_held(side) {
                    self.body.seen
                } else {
                    0
                };
                self.body = Held { seen, size, end };
            }
            Event::Trailers { .. } => self.body.end = true,
        }
    }

    // Of a body that was held, part has been seen.
    fn showing(&self, event: Event) -> Event {
        match event {
            Event::Body {
                side, size, end, ..
            } => Event::Body {
                side,
                seen: self.body.seen,
                size,
                end,
            },
            event => event,
        }
    }

    // Polls the handler until there is nothing more for it; what the callback returns if it is done.
    fn drive(
        &mut self,
        context: u32,
        event: Option<Event>,
        callback: Option<Callback>,
    ) -> Poll<u32> {
        let (polled, now) = current::poll(self.task.as_mut(), Now::of(context, event));
        self.after(context, polled, now, callback)
    }

    fn after(
        &mut self,
        context: u32,
        polled: Poll<Flow>,
        now: Now,
        callback: Option<Callback>,
    ) -> Poll<u32> {
        let (mut polled, mut now) = (polled, now);
        for _ in 0..ROUNDS {
            let flow = match polled {
                Poll::Ready(flow) => return self.end(flow, callback),
                Poll::Pending => self.next(context, now),
            };
            let Some(event) = flow else {
                break;
            };
            (polled, now) = current::poll(self.task.as_mut(), Now::of(context, event));
        }
        self.let_go(callback);
        Poll::Pending
    }

    // What there is for it to be polled with once more; none when there is nothing.
    fn next(&mut self, context: u32, now: Now) -> Option<Option<Event>> {
        self.wants = now.wants;
        self.body.grow(now.grown);
        if now.took_body {
            self.body.seen = self.body.size;
            self.body.end = false;
        }
        if waker::is_woken(context) {
            return Some(None);
        }
        if self.wants == Wants::Response
            && let Some(end) = self.early.take()
        {
            self.side = Side::Response;
            self.body = Held::default();
            return Some(Some(Event::Headers {
                side: Side::Response,
                end,
            }));
        }
        // It was shown what there is, and did not want it.
        if now.event.is_some() {
            return None;
        }
        self.left_over().map(Some)
    }

    // What came while the handler was waiting for something else, and it asks for now.
    fn left_over(&mut self) -> Option<Event> {
        let Held { seen, size, end } = self.body;
        let is_asked_for = matches!(self.wants, Wants::Body | Wants::Chunk);
        let side = self.side;
        let is_there = *self.is_held(side) && (size > seen || end);
        (is_asked_for && is_there).then_some(Event::Body {
            side,
            seen,
            size,
            end,
        })
    }

    // The handler is done: what its callback returns. What cannot be replied to is held for ever.
    fn end(&mut self, flow: Flow, callback: Option<Callback>) -> Poll<u32> {
        let hold = callback.map_or(CONTINUE, |callback| callback.hold);
        match flow {
            Flow::Continue => {
                self.wants = Wants::Response;
                self.early = None;
                self.let_go(callback);
                Poll::Ready(CONTINUE)
            }
            Flow::Reply(reply) => match reply::send(&reply) {
                true => Poll::Ready(hold),
                false => {
                    self.task = Box::new(Never);
                    self.wants = Wants::Other;
                    Poll::Pending
                }
            },
        }
    }

    // What the running callback returns, of whose message that is.
    fn action(&mut self, callback: Callback) -> u32 {
        let holds = self.holds(callback.side);
        *self.is_held(callback.side) = holds;
        match holds {
            true => callback.hold,
            false => {
                self.goes_on(callback.side);
                CONTINUE
            }
        }
    }

    // Whether a message is to be held for what the handler waits for.
    fn holds(&self, side: Side) -> bool {
        match (side == self.side, self.wants) {
            (true, Wants::Other) => true,
            // While it is gathered.
            (true, Wants::Body) => self.body.size > 0 || self.body.end,
            (true, Wants::Chunk | Wants::Response) => false,
            (false, _) => side == Side::Response && self.early.is_some(),
        }
    }

    // Lets go what is held and need not be, but not what the running callback decides about.
    fn let_go(&mut self, callback: Option<Callback>) {
        for side in [Side::Request, Side::Response] {
            let is_running = callback.is_some_and(|callback| callback.side == side);
            if is_running || !*self.is_held(side) || self.holds(side) {
                continue;
            }
            *self.is_held(side) = false;
            self.goes_on(side);
            if let Err(status) = host().continue_stream(side.stream()) {
                log::error!("hostcall `continue_stream` failed: {status}; the message stays held");
            }
        }
    }

    fn goes_on(&mut self, side: Side) {
        self.is_sent |= side == Side::Request;
        if side == self.side {
            self.body = Held::default();
        }
    }

    fn is_held(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Request => &mut self.is_request_held,
            Side::Response => &mut self.is_response_held,
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

// === impl Never ===

impl Task for Never {
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Flow> {
        Poll::Pending
    }
}

// === impl Event ===

impl Event {
    fn side(self) -> Side {
        match self {
            Self::Headers { side, .. } | Self::Body { side, .. } | Self::Trailers { side } => side,
        }
    }
}
