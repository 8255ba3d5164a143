//! Runs a native filter on the proxy in memory: callbacks in Envoy's order, virtual time.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::exchange::{ClientRequest, Exchange, Received, Reply, Response};
use super::properties::Facts;
use super::proxy::Proxy;
use super::reply::LocalReply;
use super::talk::{Conversation, Talk};
use super::world::{Brought, Event, World, first, nanoseconds, text};
use super::{START, Setting};
use crate::current::Side;
use crate::dispatch::Callbacks;
use crate::{logger, native};

pub(super) const ROOT: u32 = 1;

/// What callbacks return: go on. Everything else holds (rules A1 to A3).
const CONTINUE: u32 = 0;

/// How long a held message waits for something to happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);

/// A filter and its proxy.
pub(super) struct Run<'a> {
    pub(super) callbacks: &'a Callbacks,
    pub(super) proxy: Rc<Proxy>,
    upstream: &'a Reply,
}

/// Where a message goes.
enum Passed {
    /// It has passed the filter.
    Whole,
    /// The filter has replied meanwhile.
    Replied(LocalReply),
}

/// Sends requests to a new VM, one after the other.
pub(super) fn run(
    callbacks: &Callbacks,
    setting: &Setting,
    requests: &[ClientRequest],
) -> Result<Vec<Exchange>, String> {
    in_new_vm(callbacks, setting, |run| {
        let exchanges = requests.iter().zip(ROOT + 1..);
        exchanges
            .map(|(request, context)| run.exchange(context, request))
            .collect()
    })
}

/// One connection to a new VM.
pub(super) fn talk(
    callbacks: &Callbacks,
    setting: &Setting,
    talk: &Talk,
) -> Result<Conversation, String> {
    in_new_vm(callbacks, setting, |run| run.talk(ROOT + 1, talk))
}

// A VM has one thread: a new one has nothing of another test's.
fn in_new_vm<T: Send>(
    callbacks: &Callbacks,
    setting: &Setting,
    what: impl FnOnce(&Run<'_>) -> Result<T, String> + Send,
) -> Result<T, String> {
    let run = || {
        let proxy = Rc::new(Proxy::new(world(setting)));
        native::install(Rc::clone(&proxy) as Rc<_>);
        logger::install();
        let run = Run {
            callbacks,
            proxy,
            upstream: &setting.upstream,
        };
        run.configure()?;
        let result = what(&run);
        if let Some(delete) = callbacks.delete {
            delete(ROOT);
        }
        result
    };
    let result = std::thread::scope(|scope| scope.spawn(run).join());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn world(setting: &Setting) -> World {
    let clock = setting.clock.unwrap_or(SystemTime::UNIX_EPOCH + START);
    let now = clock.duration_since(SystemTime::UNIX_EPOCH);
    World {
        now: nanoseconds(now.unwrap_or_default()),
        configuration: match &setting.configuration {
            serde_json::Value::Null => Vec::new(),
            configuration => configuration.to_string().into_bytes(),
        },
        clusters: setting.clusters.clone(),
        route: setting.route.clone().unwrap_or_default(),
        ..World::default()
    }
}

// === impl Run ===

impl Run<'_> {
    fn configure(&self) -> Result<(), String> {
        let Some(configure) = self.callbacks.configure else {
            return Ok(());
        };
        let size = self.proxy.world().configuration.len();
        self.proxy.world().configuring = true;
        let accepted = configure(ROOT, u32::try_from(size).unwrap_or(u32::MAX)) != 0;
        self.proxy.world().configuring = false;
        match accepted {
            true => Ok(()),
            false => Err(format!(
                "the filter did not start: {:#?}",
                self.proxy.world().logs
            )),
        }
    }

    fn exchange(&self, context: u32, request: &ClientRequest) -> Result<Exchange, String> {
        self.begin(context, request);
        if let Some(create) = self.callbacks.context_create {
            create(context, ROOT);
        }
        let passed = self.pass(context, Side::Request, request.body.as_bytes())?;
        let mut upstream = Vec::new();
        let mut response = match passed {
            Passed::Replied(reply) => self.reply(&reply),
            Passed::Whole => {
                upstream.push(self.received());
                self.answer()
            }
        };
        // A reply of the request's side runs the response callbacks too (rule Y2), one of the response's does not (Y3).
        let body = std::mem::take(&mut response);
        if let Passed::Replied(reply) = self.pass(context, Side::Response, &body)? {
            let body = self.reply(&reply);
            self.proxy.world().response.body = body;
        }
        let response = self.sent(request.is_http2);
        self.end(context);
        let mut world = self.proxy.world();
        Ok(Exchange {
            response,
            upstream,
            calls: std::mem::take(&mut world.called),
            logs: std::mem::take(&mut world.logs),
        })
    }

    fn begin(&self, context: u32, request: &ClientRequest) {
        let mut world = self.proxy.world();
        let pseudo = [
            (":authority", request.authority.as_str()),
            (":path", &request.path),
            (":method", &request.method),
            (":scheme", "http"),
        ];
        let own = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let length = request.body.len().to_string();
        let length = (!request.body.is_empty()).then_some(("content-length", length.as_str()));
        let added = [
            ("x-forwarded-proto", "http"),
            ("x-request-id", "00000000-0000-4000-8000-000000000000"),
        ];
        let headers = pseudo.into_iter().chain(own).chain(length).chain(added);
        let headers = headers.map(|(name, value)| {
            (
                name.to_ascii_lowercase().into_bytes(),
                value.as_bytes().to_vec(),
            )
        });
        world.stream = context;
        world.request.headers = headers.collect();
        world.request.body = Vec::new();
        world.response.headers = Vec::new();
        world.request.trailers = Vec::new();
        world.response.trailers = Vec::new();
        world.response.body = Vec::new();
        world.reply = None;
        world.facts = Facts::begun(world.now, &world.request.headers);
        // Stream state is for one request (rule P2).
        world.properties.clear();
    }

    // Headers, then the body in one piece and an empty end (rule L8). What has passed stays in the message.
    fn pass(&self, context: u32, side: Side, body: &[u8]) -> Result<Passed, String> {
        let ends = body.is_empty();
        self.proxy.world().side(side).headers_alive = true;
        let action = self.headers(context, side, ends);
        if let Some(reply) = self.wait_unless(action == CONTINUE, side)? {
            return Ok(Passed::Replied(reply));
        }
        self.proxy.world().side(side).headers_alive = false;
        if ends {
            return Ok(Passed::Whole);
        }
        let mut sent = Vec::new();
        let pieces = [(body, false), (&b""[..], true)];
        for (piece, end) in pieces {
            let size = {
                let mut world = self.proxy.world();
                world.facts.count(side, piece.len());
                let message = world.side(side);
                message.body_alive = true;
                message.body.extend_from_slice(piece);
                // They can be made where the body ends, and only there (rule H14).
                message.trailers_alive = end;
                message.body.len()
            };
            let action = self.body(context, side, (size, end));
            self.proxy.world().side(side).trailers_alive = false;
            let is_kept = action != CONTINUE && !end;
            // What is kept is shown again with what follows; the end must be let go by somebody.
            if is_kept
                && self.proxy.world().reply.is_none()
                && !self.proxy.world().side(side).goes_on
            {
                continue;
            }
            if let Some(reply) = self.wait_unless(action == CONTINUE || is_kept, side)? {
                return Ok(Passed::Replied(reply));
            }
            sent.append(&mut self.proxy.world().side(side).body);
        }
        let mut world = self.proxy.world();
        let message = world.side(side);
        message.body_alive = false;
        message.body = sent;
        Ok(Passed::Whole)
    }

    // Until the message is let go, or replied to.
    fn wait_unless(&self, passes: bool, side: Side) -> Result<Option<LocalReply>, String> {
        let limit = self.proxy.world().now.saturating_add(nanoseconds(PATIENCE));
        loop {
            let mut world = self.proxy.world();
            world.in_stream = false;
            if let Some(reply) = world.reply.take() {
                return Ok(Some(reply));
            }
            if std::mem::take(&mut world.side(side).goes_on) || passes {
                return Ok(None);
            }
            drop(world);
            if !self.step(limit) {
                let logs = &self.proxy.world().logs;
                return Err(format!("the {side:?} is held for ever: {logs:#?}"));
            }
        }
    }

    // Whatever comes next on the clock: an event, or a tick.
    pub(super) fn step(&self, limit: u64) -> bool {
        let (now, event, tick) = {
            let world = self.proxy.world();
            let tick = world.tick.map(|(_, at)| at.max(world.now));
            (world.now, world.events.keys().next().copied(), tick)
        };
        match (event, tick) {
            (Some(key), tick) if tick.is_none_or(|tick| key.0 <= tick) => {
                let mut world = self.proxy.world();
                world.now = key.0.max(now);
                let event = world.events.remove(&key);
                drop(world);
                self.bring(event);
                true
            }
            (_, Some(tick)) if tick <= limit => {
                self.proxy.world().now = tick;
                self.proxy.world().next_tick();
                if let Some(on_tick) = self.callbacks.tick {
                    on_tick(ROOT);
                }
                true
            }
            _ => false,
        }
    }

    fn bring(&self, event: Option<Event>) {
        let Some(Event { token, brought }) = event else {
            return;
        };
        let count = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        self.proxy.world().brought = Some(brought.clone());
        let callbacks = self.callbacks;
        match &brought {
            Brought::Answer(answer) => {
                let (headers, size) = (count(answer.headers.len()), count(answer.body.len()));
                if let Some(callback) = callbacks.http_call_response {
                    callback(ROOT, token, headers, size, 0);
                }
            }
            Brought::Message(message) => {
                if let Some(callback) = callbacks.grpc_receive {
                    callback(ROOT, token, count(message.len()));
                }
            }
            Brought::End(code, _) => {
                if let Some(callback) = callbacks.grpc_close {
                    callback(ROOT, token, *code);
                }
            }
            Brought::Item => {
                if let Some(callback) = callbacks.queue_ready {
                    callback(ROOT, token);
                }
            }
        }
        self.proxy.world().brought = None;
    }

    fn headers(&self, context: u32, side: Side, ends: bool) -> u32 {
        let callback = match side {
            Side::Request => self.callbacks.request_headers,
            Side::Response => self.callbacks.response_headers,
        };
        let count = self.proxy.world().side(side).headers.len();
        self.call(callback, (context, count, ends))
    }

    fn body(&self, context: u32, side: Side, (size, end): (usize, bool)) -> u32 {
        let callback = match side {
            Side::Request => self.callbacks.request_body,
            Side::Response => self.callbacks.response_body,
        };
        self.call(callback, (context, size, end))
    }

    pub(super) fn call(
        &self,
        callback: Option<fn(u32, u32, u32) -> u32>,
        (context, size, end): (u32, usize, bool),
    ) -> u32 {
        let Some(callback) = callback else {
            return CONTINUE;
        };
        self.proxy.world().in_stream = true;
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        callback(context, size, u32::from(end))
    }

    // The upstream's headers; its body.
    fn answer(&self) -> Vec<u8> {
        let Reply {
            status: code,
            headers,
            body,
            ..
        } = self.upstream;
        let status = (b":status".to_vec(), code.to_string().into_bytes());
        let own = headers.iter().map(|(name, value)| {
            (
                name.to_ascii_lowercase().into_bytes(),
                value.clone().into_bytes(),
            )
        });
        let length = (
            b"content-length".to_vec(),
            body.len().to_string().into_bytes(),
        );
        let headers = std::iter::once(status).chain(own).chain([length]);
        let mut world = self.proxy.world();
        world.response.headers = headers.collect();
        world.facts.is_routed = true;
        world.facts.answered((*code).into(), b"via_upstream");
        body.clone().into_bytes()
    }

    // The response becomes a local reply; its body.
    fn reply(&self, reply: &LocalReply) -> Vec<u8> {
        let mut world = self.proxy.world();
        let (headers, body) = reply.response(world.facts.is_grpc);
        world.facts.answered(reply.status, &reply.details);
        world.response.headers = headers;
        body
    }

    fn received(&self) -> Received {
        let world = self.proxy.world();
        let headers = &world.request.headers;
        let named = |name| first(headers, name).unwrap_or_default();
        let own = headers.iter().filter(|(name, _)| !name.starts_with(b":"));
        Received {
            cluster: "upstream".to_owned(),
            method: named(":method"),
            path: named(":path"),
            authority: named(":authority"),
            headers: text(&own.cloned().collect::<Vec<_>>()),
            body: String::from_utf8_lossy(&world.request.body).into_owned(),
            messages: Vec::new(),
        }
    }

    // Clients of HTTP/1.1 get trailers only where the proxy is told to let them pass (rule L12).
    fn sent(&self, is_http2: bool) -> Response {
        let world = self.proxy.world();
        let headers = &world.response.headers;
        let status = first(headers, ":status").and_then(|status| status.parse().ok());
        let own = headers.iter().filter(|(name, _)| !name.starts_with(b":"));
        Response {
            status: status.unwrap_or_default(),
            headers: text(&own.cloned().collect::<Vec<_>>()),
            body: String::from_utf8_lossy(&world.response.body).into_owned(),
            trailers: match is_http2 {
                true => text(&world.response.trailers),
                false => Vec::new(),
            },
        }
    }

    // The log comes first (rule L9).
    pub(super) fn end(&self, context: u32) {
        let mut world = self.proxy.world();
        (world.logging, world.in_stream) = (true, true);
        world.facts.ended = Some(world.now);
        drop(world);
        if let Some(log) = self.callbacks.log {
            log(context);
        }
        let mut world = self.proxy.world();
        (world.logging, world.in_stream, world.stream) = (false, false, 0);
        drop(world);
        if let Some(delete) = self.callbacks.delete {
            delete(context);
        }
    }
}
