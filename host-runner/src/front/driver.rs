//! Between a worker and the sockets: tells it what arrives, and does what it says.
//!
//! The worker runs under one lock and never waits; everything that waits is a task of its own, which takes the lock only
//! to say what has happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};

use super::answer::Answer;
use super::body::{Announced, BodySender, Completion, channel};
use super::call;
use super::forward;
use super::gate::Gate;
use super::grpc::Lines;
use super::held::{Held, Hold};
use super::upstreams::{Upstream, Upstreams};
use super::{respond, taping, tcp};
use crate::host::callout::{CallId, HttpCall};
use crate::host::dns;
use crate::host::effect::{Effect, HttpEffect, RootId};
use crate::host::grpc::GrpcEffect;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, StreamInfo};
use crate::host::worker::Worker;
use crate::host::world::StreamId;
use crate::record::tape::Tape;

/// One worker and all that it is connected to.
pub(crate) struct Driver {
    pub(super) this: Weak<Self>,
    state: Mutex<State>,
    upstreams: Upstreams,
    fleet: Arc<Fleet>,
}

/// The drivers of all workers of a proxy, by the worker's number.
#[derive(Default)]
pub(crate) struct Fleet {
    drivers: Mutex<HashMap<u64, Weak<Driver>>>,
}

pub(super) struct State {
    pub(super) worker: Worker,
    pub(super) streams: HashMap<StreamId, Wires>,
    pub(super) connections: HashMap<StreamId, tcp::Wires>,
    ticks: HashMap<RootId, AbortHandle>,
    calls: HashMap<CallId, AbortHandle>,
    grpc: Lines,
    /// Counts what the worker is told.
    round: u64,
    /// Whether it is told what came from a client.
    from_client: bool,
}

/// What a stream is connected to.
pub(super) struct Wires {
    pub(super) answer: Option<oneshot::Sender<Answer>>,
    pub(super) response: Option<BodySender>,
    request: Option<BodySender>,
    /// Whether its upstream takes trailers.
    sends_trailers: bool,
    upstream: Option<AbortHandle>,
    /// Shut while no more of the request, or of the response, is to be read.
    from_client: Arc<Gate>,
    pub(super) from_upstream: Arc<Gate>,
    over: Arc<AtomicBool>,
    /// What its client holds it by.
    pub(super) held: Weak<Hold>,
    /// The round in which the response began, if that came of something from the client.
    begun_in: Option<u64>,
    /// The same, while the client is sent no body.
    pub(super) kept: Option<Arc<Hold>>,
    /// What records it, if anything does.
    tape: Option<Arc<Tape>>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Driver").finish_non_exhaustive()
    }
}

// === impl Driver ===

impl Driver {
    pub(crate) fn new(worker: Worker, fleet: &Arc<Fleet>) -> Arc<Self> {
        let number = worker.number;
        let state = State {
            worker,
            streams: HashMap::new(),
            connections: HashMap::new(),
            ticks: HashMap::new(),
            calls: HashMap::new(),
            grpc: Lines::default(),
            round: 0,
            from_client: false,
        };
        let driver = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            state: Mutex::new(state),
            upstreams: Upstreams::default(),
            fleet: Arc::clone(fleet),
        });
        fleet.add(number, &driver);
        // What the plugins asked for while they were configured.
        driver.tell(|_| ());
        driver
    }

    /// Begins a stream of the chain of that index; its response comes through the receiver, which is closed when there is none (rule R6).
    pub(crate) fn open(
        self: &Arc<Self>,
        chain: usize,
        info: StreamInfo,
        headers: HeaderMap,
        (end, connection): (bool, watch::Receiver<()>),
        tape: Option<Arc<Tape>>,
    ) -> Option<(Held, Arc<Gate>, oneshot::Receiver<Answer>)> {
        let (answer, answered) = oneshot::channel();
        let gate = Arc::new(Gate::default());
        let mut state = self.lock();
        state.begin_round(true);
        let chain = state.worker.chain(chain)?;
        let id = state.worker.open(&chain, info, headers, end);
        let over = Arc::<AtomicBool>::default();
        let held = Arc::new(Hold {
            driver: Arc::clone(self),
            id,
            over: Arc::clone(&over),
            complete: Arc::default(),
            unsent: AtomicBool::new(false),
            connection,
        });
        let wires = Wires {
            answer: Some(answer),
            response: None,
            request: None,
            sends_trailers: false,
            upstream: None,
            from_client: Arc::clone(&gate),
            from_upstream: Arc::new(Gate::default()),
            over,
            held: Arc::downgrade(&held),
            begun_in: None,
            kept: None,
            tape,
        };
        state.streams.insert(id, wires);
        self.settle(&mut state);
        drop(state);
        Some((Held(held), gate, answered))
    }

    /// Tells the worker something, and does what comes of it.
    pub(crate) fn tell<T>(&self, event: impl FnOnce(&mut Worker) -> T) -> T {
        self.tell_from(false, event)
    }

    pub(super) fn tell_from<T>(&self, client: bool, event: impl FnOnce(&mut Worker) -> T) -> T {
        let mut state = self.lock();
        state.begin_round(client);
        let told = event(&mut state.worker);
        self.settle(&mut state);
        told
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settle(&self, state: &mut State) {
        while let Some(effect) = state.worker.next_effect() {
            match effect {
                Effect::Http(id, effect) => self.http(state, id, effect),
                Effect::Tcp(id, effect) => self.tcp(state, id, effect),
                Effect::Call(id, call) => self.call(state, id, *call),
                Effect::Grpc(id, effect) => self.grpc(state, id, effect),
                Effect::DropCallouts(vm) => state.drop_callouts(vm),
                Effect::Tick(root, period) => self.arm(state, root, period),
                Effect::Resolve(root, token, name) => self.resolve(root, token, name),
                Effect::QueueReady(worker, root, token) => {
                    if let Some(driver) = self.fleet.get(worker) {
                        tokio::spawn(async move {
                            driver.tell(|worker| worker.queue_ready(root, token));
                        });
                    }
                }
            }
        }
    }

    fn http(&self, state: &mut State, id: StreamId, effect: HttpEffect) {
        taping::record(state, id, &effect);
        match effect {
            HttpEffect::RequestHeaders {
                headers,
                cluster,
                end,
            } => {
                self.send_request(state, id, &headers, (cluster, end));
            }
            HttpEffect::UnsendableRequest { cluster, reply } => {
                self.refuse_request(state, id, (cluster, *reply));
            }
            HttpEffect::RequestData { bytes, end } => {
                if let Some(wires) = state.streams.get_mut(&id)
                    && let Some(body) = wires.request.as_ref()
                {
                    body.data(bytes, end);
                    if end {
                        wires.request = None;
                    }
                }
            }
            HttpEffect::RequestTrailers(trailers) => {
                if let Some(wires) = state.streams.get_mut(&id)
                    && let Some(body) = wires.request.take().filter(|_| wires.sends_trailers)
                {
                    body.trailers(respond::trailers(&trailers));
                }
            }
            HttpEffect::ResponseHeaders { headers, end } => {
                state.answer(id, &headers, end);
                let round = state.from_client.then_some(state.round);
                if let Some(wires) = state.streams.get_mut(&id) {
                    wires.begun_in = round;
                }
            }
            HttpEffect::ResponseData { bytes, end } => {
                if let Some(wires) = state.streams.get_mut(&id)
                    && let Some(body) = wires.response.as_ref()
                {
                    body.data(bytes, end);
                    if end {
                        wires.response = None;
                    }
                }
            }
            HttpEffect::ResponseTrailers(trailers) => {
                let http2 = state.is_http2(id);
                // Those that a filter made come here in HTTP/1.1 too (rule L12).
                let passes = http2 || state.worker.stream(id).is_some_and(|it| it.chain.trailers);
                let body = state.streams.get_mut(&id).and_then(|it| it.response.take());
                if let Some(body) = body.filter(|_| passes) {
                    match http2 && respond::is_unreadable(&trailers) {
                        true => body.cut(),
                        false => body.trailers(respond::trailers(&trailers)),
                    }
                }
            }
            HttpEffect::Reset => {
                let round = state.round;
                if let Some(wires) = state.streams.get_mut(&id) {
                    if let Some(held) = wires
                        .held
                        .upgrade()
                        .filter(|_| wires.begun_in == Some(round))
                    {
                        held.unsent.store(true, Ordering::Release);
                    }
                    wires.answer = None;
                    if let Some(body) = wires.response.take() {
                        body.cut();
                    }
                }
            }
            HttpEffect::Read(way, read) => {
                if let Some(wires) = state.streams.get(&id) {
                    match way {
                        Direction::Request => wires.from_client.set(read),
                        Direction::Response => wires.from_upstream.set(read),
                    }
                }
            }
            HttpEffect::Finished => {
                if let Some(wires) = state.streams.remove(&id) {
                    wires.over.store(true, Ordering::Release);
                    wires.from_client.end();
                    if let Some(body) = wires.request {
                        body.cut();
                    }
                    if let Some(upstream) = wires.upstream {
                        upstream.abort();
                    }
                }
                state.worker.forget(id);
            }
        }
    }

    fn send_request(
        &self,
        state: &mut State,
        id: StreamId,
        headers: &HeaderMap,
        (cluster, end): (usize, bool),
    ) {
        let (Some(stream), Some(this)) = (state.worker.stream(id), self.this.upgrade()) else {
            return;
        };
        let (Some(cluster), Some(wires)) = (
            stream.chain.clusters.get(cluster),
            state.streams.get_mut(&id),
        ) else {
            return;
        };
        let (sender, body) = channel(Arc::clone(&wires.from_client), Announced::default(), ());
        let (sender, body) = if end {
            (None, None)
        } else {
            (Some(sender), Some(body))
        };
        let upstream = self.upstreams.of(cluster);
        match forward::outgoing(headers, upstream.hop, end) {
            Ok(request) => {
                let sent = sender
                    .as_ref()
                    .map_or_else(Completion::now, BodySender::completion);
                wires.request = sender;
                wires.sends_trailers = upstream.hop.http2 || stream.chain.trailers;
                let (gate, trailers) = (Arc::clone(&wires.from_upstream), stream.chain.trailers);
                let what = (id, trailers, gate, wires.tape.clone());
                let task = forward::exchange(this, upstream, ((request, body), sent), what);
                wires.upstream = Some(tokio::spawn(task).abort_handle());
            }
            Err(reply) => self.refuse(state, id, (upstream, reply)),
        }
    }

    fn refuse_request(
        &self,
        state: &mut State,
        id: StreamId,
        (cluster, reply): (usize, LocalReply),
    ) {
        let stream = state.worker.stream(id);
        if let Some(cluster) = stream.and_then(|it| it.chain.clusters.get(cluster)) {
            let upstream = self.upstreams.of(cluster);
            self.refuse(state, id, (upstream, reply));
        }
    }

    // At once where a connection waits, or else when there is one.
    fn refuse(&self, state: &mut State, id: StreamId, (upstream, reply): (Upstream, LocalReply)) {
        if upstream.is_ready() {
            return state.worker.unsendable(id, reply);
        }
        if let (Some(this), Some(wires)) = (self.this.upgrade(), state.streams.get_mut(&id)) {
            let task = forward::refuse(this, upstream, (id, reply));
            wires.upstream = Some(tokio::spawn(task).abort_handle());
        }
    }

    fn call(&self, state: &mut State, id: CallId, call: HttpCall) {
        let upstream = self.upstream(state, &call.cluster);
        let trailers = state.worker.passes_trailers(&call.cluster);
        let (Some(upstream), Some(driver)) = (upstream, self.this.upgrade()) else {
            return;
        };
        let task = tokio::spawn(async move {
            let response = call::call(upstream, call, trailers).await;
            driver.lock().calls.remove(&id);
            driver.tell(|worker| worker.http_call_response(id, response));
        });
        state.calls.insert(id, task.abort_handle());
    }

    fn grpc(&self, state: &mut State, id: CallId, effect: GrpcEffect) {
        match effect {
            GrpcEffect::Open(request) => {
                let upstream = self.upstream(state, &request.cluster);
                if let (Some(upstream), Some(driver)) = (upstream, self.this.upgrade()) {
                    state.grpc.open(driver, upstream, (id, *request));
                }
            }
            GrpcEffect::Send { bytes, end } => state.grpc.send(id, bytes, end),
            GrpcEffect::Reset => state.grpc.reset(id),
        }
    }

    fn upstream(&self, state: &State, cluster: &str) -> Option<Upstream> {
        let cluster = state.worker.cluster(cluster)?;
        Some(self.upstreams.of(cluster))
    }

    fn resolve(&self, root: RootId, token: u32, name: String) {
        let Some(driver) = self.this.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            let found = tokio::net::lookup_host((name, 0)).await;
            let found: Vec<_> =
                found.map_or_else(|_| Vec::new(), |it| it.map(|it| it.ip()).collect());
            let addresses = dns::preferred(&found);
            driver.tell(|worker| worker.resolved(root, token, &addresses));
        });
    }

    fn arm(&self, state: &mut State, root: RootId, period: Option<Duration>) {
        if let Some(armed) = state.ticks.remove(&root) {
            armed.abort();
        }
        let Some(period) = period else {
            return;
        };
        // A timer keeps no driver that nobody else needs.
        let driver = Weak::clone(&self.this);
        let timer: JoinHandle<()> = tokio::spawn(async move {
            tokio::time::sleep(period).await;
            if let Some(driver) = driver.upgrade() {
                driver.tell(|worker| worker.tick(root));
            }
        });
        state.ticks.insert(root, timer.abort_handle());
    }
}

// === impl Fleet ===

impl Fleet {
    fn add(&self, worker: u64, driver: &Arc<Driver>) {
        self.lock().insert(worker, Arc::downgrade(driver));
    }

    fn get(&self, worker: u64) -> Option<Arc<Driver>> {
        self.lock().get(&worker)?.upgrade()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<Driver>>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn begin_round(&mut self, from_client: bool) {
        self.round += 1;
        self.from_client = from_client;
    }

    /// Whether a stream's client speaks HTTP/2.
    pub(super) fn is_http2(&self, id: StreamId) -> bool {
        let stream = self.worker.stream(id);
        stream.is_some_and(|stream| stream.info.connection.protocol == "HTTP/2")
    }

    /// What records a stream, if anything does.
    pub(super) fn tape(&self, id: StreamId) -> Option<&Tape> {
        self.streams.get(&id)?.tape.as_deref()
    }

    fn drop_callouts(&mut self, vm: usize) {
        for (_, call) in self.calls.extract_if(|id, _| id.root.vm == vm) {
            call.abort();
        }
        self.grpc.drop_vm(vm);
    }
}
