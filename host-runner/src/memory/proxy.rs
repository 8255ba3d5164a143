//! The proxy: its workers, what they are connected to, and the queue that moves it all.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use fastrand::Rng;

use super::body::Body;
use super::client::{self, Broken, Gathered, Outcome};
use super::delivery::{Answering, Delivery};
use super::grpc::Line;
use super::queue::Queue;
use super::stream::Wires;
use super::upstream::Backend;
use crate::engine::{Engine, EngineOptions};
use crate::front::refused::Refusal;
use crate::front::request_head::{self, RequestHead};
use crate::host::callout::{CallId, CallResponse};
use crate::host::clock::Clock;
use crate::host::dns;
use crate::host::effect::{Effect, RootId};
use crate::host::faults::{FaultPlan, Faults};
use crate::host::filter_state::ConnectionState;
use crate::host::grpc::GrpcEvent;
use crate::host::stream::{Connection, Direction, StreamInfo};
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::host::world::StreamId;
use crate::listener::Listener;
use crate::scenario::client::{ClientRequest, Protocol};
use crate::trace::Recorder;
use crate::upstream::Reply;

pub use crate::host::usage::Usage;

/// How long a client waits for its response.
const PATIENCE: Duration = Duration::from_secs(30);
/// What may still come of a stream once its client has its response.
const AFTERMATH: Duration = Duration::from_millis(10);

/// How a proxy in memory is other than one that is served.
pub(crate) struct MemoryOptions {
    pub(crate) engine: EngineOptions,
    pub(crate) workers: usize,
    /// The order of what happens at the same time, which worker a connection gets, how bodies are split.
    pub(crate) seed: Option<u64>,
    pub(crate) delivery: Delivery,
    pub(crate) faults: FaultPlan,
    pub(crate) now: SystemTime,
    pub(crate) trace: Option<Recorder>,
    /// By the names of clusters in the whole proxy.
    pub(crate) backends: HashMap<String, Backend>,
}

/// A stream, and the worker that it is on.
pub(crate) type Place = (usize, StreamId);

/// A proxy in memory.
pub(crate) struct Proxy {
    pub(super) workers: Vec<Worker>,
    pub(super) streams: HashMap<Place, Wires>,
    pub(super) outcomes: HashMap<Place, Outcome>,
    pub(super) calls: HashSet<(usize, CallId)>,
    pub(super) lines: HashMap<(usize, CallId), Line>,
    pub(super) backends: HashMap<String, Backend>,
    pub(super) delivery: Delivery,
    pub(super) random: Rng,
    pub(super) address: SocketAddr,
    shared: Shared,
    queue: Queue<Event>,
    elapsed: Duration,
    ticks: HashMap<(usize, RootId), u64>,
    armed: u64,
    withheld: Vec<Event>,
    listeners: Vec<(SocketAddr, bool)>,
    connections: u64,
    own_address: IpAddr,
    shuffled: bool,
}

/// Something that happens.
pub(super) enum Event {
    /// The next piece of a body.
    Piece(Place, Direction),
    Response(Place, Box<Reply>),
    Call(usize, CallId, Option<Box<CallResponse>>),
    /// An answer to no call.
    Forged(usize, CallId, Box<CallResponse>),
    Grpc(usize, CallId, Box<GrpcEvent>),
    /// Unless it was armed again.
    Tick(usize, RootId, u64),
    QueueReady(usize, RootId, u32),
    /// Nobody knows a name but the host itself.
    Resolved(usize, RootId, u32, Option<IpAddr>),
}

// === impl Proxy ===

impl Proxy {
    /// Rehearses and starts every plugin (rule L2): the main thread has no streams, the workers beside it have.
    pub(crate) fn start(listeners: &[Listener], options: MemoryOptions) -> anyhow::Result<Self> {
        let shared = Shared {
            clock: Arc::new(Clock::virtual_at(options.now)),
            faults: Arc::new(Faults::new(options.faults)),
            trace: options.trace,
            ..Shared::default()
        };
        let engine = Arc::new(Engine::new(&options.engine)?);
        Worker::rehearse(&engine, listeners, &shared)?;
        let threads = 1 + options.workers.max(1);
        let workers = (0..threads).map(|_| Worker::start(&engine, listeners, &shared));
        let mut proxy = Self {
            workers: workers.collect::<Result<_, _>>()?,
            streams: HashMap::new(),
            outcomes: HashMap::new(),
            calls: HashSet::new(),
            lines: HashMap::new(),
            backends: options.backends,
            delivery: options.delivery,
            random: Rng::with_seed(options.seed.unwrap_or_default()),
            address: SocketAddr::from(([127, 0, 0, 1], 40_000)),
            shared,
            queue: Queue::new(options.seed),
            elapsed: Duration::ZERO,
            ticks: HashMap::new(),
            armed: 0,
            withheld: Vec::new(),
            listeners: listeners
                .iter()
                .map(|it| (it.address, it.trailers))
                .collect(),
            connections: 0,
            own_address: request_head::own_address(),
            shuffled: options.seed.is_some(),
        };
        // What the plugins asked for while they were configured.
        (0..threads).for_each(|worker| proxy.settle(worker));
        Ok(proxy)
    }

    /// Begins a stream on the listener of that index.
    pub(crate) fn open(
        &mut self,
        listener: usize,
        request: &ClientRequest,
    ) -> anyhow::Result<Place> {
        let parts = client::head(request)?;
        let head = RequestHead::from(&parts);
        let index = self.next_worker();
        let (local, pass_trailers) = *self.listeners.get(listener).context("no such listener")?;
        let connection = Connection {
            id: self.connections,
            peer: self.address,
            local,
            protocol: match request.protocol {
                Protocol::Http1 => "HTTP/1.1",
                Protocol::Http2 => "HTTP/2",
            },
        };
        self.connections += 1;
        let info = StreamInfo::new(connection, &self.shared.clock, ConnectionState::default());
        let headers = request_head::header_map(&head, self.address.ip(), self.own_address);
        let worker = self.workers.get_mut(index).context("no such worker")?;
        let chain = worker.chain(listener).context("no such listener")?;
        let mut headers = match headers {
            Ok(headers) => headers,
            Err(Refusal { why, headers }) => {
                let id = worker.refused(&chain, info, (headers, why.keeps), why.reply());
                self.settle(index);
                let response = client::whole(why.response(parts.version), parts.version);
                self.outcomes.insert((index, id), Ok(response));
                return Ok((index, id));
            }
        };
        // The same in each run.
        let id = format!("00000000-0000-4000-8000-{:012x}", connection.id);
        headers.set(b"x-request-id", id.as_bytes());
        let gathered = Gathered::of(&parts);
        let trailers = client::trailers(request, pass_trailers);
        let how = (self.delivery, &mut self.random);
        let body = Body::new(&request.body, trailers, gathered.http1, how);
        let end = body.is_over();
        let place = (index, worker.open(&chain, info, headers, end));
        self.streams
            .insert(place, Wires::new(body, gathered, pass_trailers));
        self.settle(index);
        self.next_piece(place, Direction::Request);
        Ok(place)
    }

    /// Runs until the stream has its outcome, and shortly after, for what comes of its end.
    pub(crate) fn finish(&mut self, place: Place) -> Outcome {
        let limit = self.elapsed + PATIENCE;
        while !self.outcomes.contains_key(&place) && self.step(limit) {}
        if !self.outcomes.contains_key(&place) {
            let why = match self.delivery.answering {
                Answering::AfterStream => Broken::Left,
                _ => Broken::Unanswered,
            };
            self.leave(place, why);
        }
        for late in std::mem::take(&mut self.withheld) {
            self.add(late);
        }
        self.run_for(AFTERMATH);
        let outcome = self.outcomes.remove(&place);
        outcome.unwrap_or(Err(Broken::Unanswered))
    }

    /// The client breaks the stream off.
    pub(crate) fn leave(&mut self, place: Place, why: Broken) {
        if let Some(wires) = self.streams.get_mut(&place) {
            wires.client.broken = Some(why);
            self.tell(place.0, |worker| worker.client_gone(place.1));
        }
    }

    /// Lets virtual time pass, with all that happens in it.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.elapsed + time;
        while self.step(until) {}
        self.move_to(until);
    }

    /// What has become of a stream, if it is over.
    pub(crate) fn take_outcome(&mut self, place: Place) -> Option<Outcome> {
        self.outcomes.remove(&place)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn set_delivery(&mut self, delivery: Delivery, seed: u64) {
        self.delivery = delivery;
        self.random = Rng::with_seed(seed);
    }

    /// What is in use now, on all workers.
    pub(crate) fn usage(&mut self) -> Usage {
        let workers = self.workers.iter_mut().map(|worker| worker.usage());
        let mut usage = workers.fold(Usage::default(), Usage::and);
        usage.calls += self.calls.len() + self.lines.len() + self.withheld.len();
        usage.streams = usage.streams.max(self.streams.len());
        usage
    }

    // One event, if it is not later than that.
    fn step(&mut self, until: Duration) -> bool {
        let Some(at) = self.queue.next_at().filter(|at| *at <= until) else {
            return false;
        };
        self.move_to(at);
        if let Some(event) = self.queue.take() {
            self.happen(event);
        }
        true
    }

    fn move_to(&mut self, at: Duration) {
        self.shared.clock.advance(at.saturating_sub(self.elapsed));
        self.elapsed = at;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Piece(place, way) => self.piece(place, way),
            Event::Response(place, reply) => self.response(place, *reply),
            Event::Call(worker, id, response) => {
                if self.calls.remove(&(worker, id)) {
                    let response = response.map(|it| *it);
                    self.tell(worker, |worker| worker.http_call_response(id, response));
                }
            }
            Event::Forged(worker, id, response) => {
                self.tell(worker, |worker| {
                    worker.http_call_response(id, Some(*response));
                });
            }
            Event::Grpc(worker, id, event) => self.grpc_event((worker, id), *event),
            Event::Tick(worker, root, armed) => {
                if self.ticks.get(&(worker, root)) == Some(&armed) {
                    self.ticks.remove(&(worker, root));
                    self.tell(worker, |worker| worker.tick(root));
                }
            }
            Event::Resolved(worker, root, token, known) => {
                self.tell(worker, |worker| {
                    worker.resolved(root, token, known.as_slice());
                });
            }
            Event::QueueReady(worker, root, token) => {
                self.tell(worker, |worker| worker.queue_ready(root, token));
            }
        }
    }

    /// Tells a worker something, and does what comes of it.
    pub(super) fn tell(&mut self, worker: usize, event: impl FnOnce(&mut Worker)) {
        if let Some(worker) = self.workers.get_mut(worker) {
            event(worker);
        }
        self.settle(worker);
    }

    fn settle(&mut self, index: usize) {
        while let Some(effect) = self
            .workers
            .get_mut(index)
            .and_then(|worker| worker.next_effect())
        {
            match effect {
                Effect::Http(id, effect) => self.http((index, id), effect),
                // There are no TCP connections to begin with.
                Effect::Tcp(..) => {}
                Effect::Call(id, call) => self.call(index, id, *call),
                Effect::Grpc(id, effect) => self.grpc(index, id, effect),
                Effect::DropCallouts(vm) => {
                    self.calls
                        .retain(|(worker, id)| *worker != index || id.root.vm != vm);
                    self.lines
                        .retain(|(worker, id), _| *worker != index || id.root.vm != vm);
                }
                Effect::Tick(root, period) => self.arm((index, root), period),
                Effect::Resolve(root, token, name) => {
                    self.add(Event::Resolved(index, root, token, dns::known(&name)));
                }
                Effect::QueueReady(number, root, token) => {
                    let worker = self.workers.iter().position(|it| it.number == number);
                    if let Some(worker) = worker {
                        self.add(Event::QueueReady(worker, root, token));
                    }
                }
            }
        }
    }

    fn arm(&mut self, root: (usize, RootId), period: Option<Duration>) {
        self.ticks.remove(&root);
        if let Some(period) = period {
            self.armed += 1;
            self.ticks.insert(root, self.armed);
            self.add_after(period, Event::Tick(root.0, root.1, self.armed));
        }
    }

    // Each in turn, or as the seed has it. The first is the main thread.
    fn next_worker(&mut self) -> usize {
        let workers = self.workers.len() - 1;
        match self.shuffled {
            true => 1 + self.random.usize(..workers),
            false => 1 + usize::try_from(self.connections).unwrap_or_default() % workers,
        }
    }

    pub(super) fn add(&mut self, event: Event) {
        self.add_after(Duration::ZERO, event);
    }

    pub(super) fn add_after(&mut self, after: Duration, event: Event) {
        self.queue.add(self.elapsed + after, event);
    }

    /// Keeps an answer until the stream is gone.
    pub(super) fn withhold(
        &mut self,
        (worker, id): (usize, CallId),
        response: Option<CallResponse>,
    ) {
        self.withheld
            .push(Event::Call(worker, id, response.map(Box::new)));
    }

    pub(super) fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// When something was begun and done that takes no time.
    pub(super) fn instants(&self) -> (Instant, Instant) {
        let now = self.shared.clock.instant();
        (now, now)
    }
}
