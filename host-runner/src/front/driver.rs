//! Between a worker and the sockets: tells it what arrives, and does what it says.
//!
//! The worker runs under one lock and never waits; everything that waits is a task of its own, which takes the lock only
//! to say what has happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::Response;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use super::body::{Body, BodySender, Completion, channel, full};
use super::call;
use super::forward;
use super::gate::Gate;
use super::grpc::Lines;
use super::respond;
use super::upstreams::{Upstream, Upstreams};
use crate::host::callout::{CallId, HttpCall};
use crate::host::effect::{Effect, HttpEffect, RootId};
use crate::host::grpc::GrpcEffect;
use crate::host::header_map::HeaderMap;
use crate::host::stream::{Direction, StreamInfo};
use crate::host::worker::Worker;
use crate::host::world::StreamId;
use crate::listener::Cluster;

/// One worker and all that it is connected to.
pub(crate) struct Driver {
    this: Weak<Self>,
    state: Mutex<State>,
    upstreams: Upstreams,
    clusters: Vec<Cluster>,
}

struct State {
    worker: Worker,
    streams: HashMap<StreamId, Wires>,
    ticks: HashMap<RootId, AbortHandle>,
    calls: HashMap<CallId, AbortHandle>,
    grpc: Lines,
}

/// What a stream is connected to.
struct Wires {
    answer: Option<oneshot::Sender<Response<Body>>>,
    response: Option<BodySender>,
    request: Option<BodySender>,
    upstream: Option<AbortHandle>,
    /// Shut while no more of the request, or of the response, is to be read.
    from_client: Arc<Gate>,
    from_upstream: Arc<Gate>,
    over: Arc<AtomicBool>,
    /// What its client holds it by.
    held: Weak<Hold>,
}

/// A stream as its client holds it: dropped before it is over, the client has gone (rule L14).
#[derive(Clone)]
pub(crate) struct Held(Arc<Hold>);

struct Hold {
    driver: Arc<Driver>,
    id: StreamId,
    over: Arc<AtomicBool>,
}

// === impl Driver ===

impl Driver {
    pub(crate) fn new(worker: Worker, clusters: Vec<Cluster>) -> Arc<Self> {
        let state = State {
            worker,
            streams: HashMap::new(),
            ticks: HashMap::new(),
            calls: HashMap::new(),
            grpc: Lines::default(),
        };
        let driver = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            state: Mutex::new(state),
            upstreams: Upstreams::new(),
            clusters,
        });
        // What the plugins asked for while they were configured.
        driver.tell(|_| ());
        driver
    }

    /// Begins a stream; its response comes through the receiver, which is closed when there is none (rule R6).
    pub(crate) fn open(
        self: &Arc<Self>,
        info: StreamInfo,
        headers: HeaderMap,
        end: bool,
    ) -> (Held, Arc<Gate>, oneshot::Receiver<Response<Body>>) {
        let (answer, answered) = oneshot::channel();
        let gate = Arc::new(Gate::default());
        let mut state = self.lock();
        let id = state.worker.open(info, headers, end);
        let over = Arc::<AtomicBool>::default();
        let held = Arc::new(Hold {
            driver: Arc::clone(self),
            id,
            over: Arc::clone(&over),
        });
        let wires = Wires {
            answer: Some(answer),
            response: None,
            request: None,
            upstream: None,
            from_client: Arc::clone(&gate),
            from_upstream: Arc::new(Gate::default()),
            over,
            held: Arc::downgrade(&held),
        };
        state.streams.insert(id, wires);
        self.settle(&mut state);
        drop(state);
        (Held(held), gate, answered)
    }

    /// Tells the worker something, and does what comes of it.
    pub(crate) fn tell<T>(&self, event: impl FnOnce(&mut Worker) -> T) -> T {
        let mut state = self.lock();
        let told = event(&mut state.worker);
        self.settle(&mut state);
        told
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, state: &mut State) {
        while let Some(effect) = state.worker.next_effect() {
            match effect {
                Effect::Http(id, effect) => self.http(state, id, effect),
                Effect::Call(id, call) => self.call(state, id, *call),
                Effect::Grpc(id, effect) => self.grpc(state, id, effect),
                Effect::DropCallouts(vm) => state.drop_callouts(vm),
                Effect::Tick(root, period) => self.arm(state, root, period),
                Effect::QueueReady(worker, root, token) if worker == state.worker.number => {
                    self.later(move |driver| driver.tell(|worker| worker.queue_ready(root, token)));
                }
                Effect::QueueReady(..) => {}
            }
        }
    }

    fn http(&self, state: &mut State, id: StreamId, effect: HttpEffect) {
        match effect {
            HttpEffect::RequestHeaders { cluster, end } => {
                self.send_request(state, id, cluster, end)
            }
            HttpEffect::RequestData { bytes, end } => {
                if let Some(wires) = state.streams.get_mut(&id)
                    && let Some(body) = wires.request.as_ref()
                {
                    body.data(bytes);
                    if end {
                        wires.request = None;
                    }
                }
            }
            HttpEffect::RequestTrailers => {
                let trailers = state
                    .worker
                    .stream(id)
                    .and_then(|it| it.request_trailers.as_ref());
                let trailers = trailers.map(respond::trailers).unwrap_or_default();
                if let Some(body) = state.streams.get_mut(&id).and_then(|it| it.request.take()) {
                    body.trailers(trailers);
                }
            }
            HttpEffect::ResponseHeaders { end } => self.answer(state, id, end),
            HttpEffect::ResponseData { bytes, end } => {
                if let Some(wires) = state.streams.get_mut(&id)
                    && let Some(body) = wires.response.as_ref()
                {
                    body.data(bytes);
                    if end {
                        wires.response = None;
                    }
                }
            }
            HttpEffect::ResponseTrailers => {
                let trailers = state
                    .worker
                    .stream(id)
                    .and_then(|it| it.response_trailers.as_ref());
                let trailers = trailers.map(respond::trailers).unwrap_or_default();
                if let Some(body) = state.streams.get_mut(&id).and_then(|it| it.response.take()) {
                    body.trailers(trailers);
                }
            }
            HttpEffect::Reset => {
                if let Some(wires) = state.streams.get_mut(&id) {
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

    fn send_request(&self, state: &mut State, id: StreamId, cluster: usize, end: bool) {
        let (Some(cluster), Some(stream), Some(this)) = (
            self.clusters.get(cluster),
            state.worker.stream(id),
            self.this.upgrade(),
        ) else {
            return;
        };
        let Some(wires) = state.streams.get_mut(&id) else {
            return;
        };
        let (sender, body) = channel(Arc::clone(&wires.from_client), ());
        let (sender, body) = if end {
            (None, full(Vec::new()))
        } else {
            (Some(sender), body)
        };
        let upstream = self.upstreams.of(cluster);
        match forward::upstream_request(&stream.request_headers, &upstream, body) {
            Ok(request) => {
                let sent = sender
                    .as_ref()
                    .map_or_else(Completion::now, BodySender::completion);
                wires.request = sender;
                let gate = Arc::clone(&wires.from_upstream);
                let task = forward::exchange(this, upstream, (request, sent), (id, gate));
                wires.upstream = Some(tokio::spawn(task).abort_handle());
            }
            Err(reply) => state.worker.send_local_reply(id, reply),
        }
    }

    fn answer(&self, state: &mut State, id: StreamId, end: bool) {
        let Some(wires) = state.streams.get_mut(&id) else {
            return;
        };
        let headers = state
            .worker
            .stream(id)
            .and_then(|it| it.response_headers.as_ref());
        let head = headers.map(respond::response_head);
        let response = match (head, wires.held.upgrade()) {
            (Some(Ok(head)), Some(_)) if end => head.map(|()| full(Vec::new())),
            (Some(Ok(head)), Some(held)) => {
                let (sender, body) = channel(Arc::clone(&wires.from_upstream), held);
                wires.response = Some(sender);
                head.map(|()| body)
            }
            (Some(Err(what)), _) => respond::invalid(what),
            _ => return,
        };
        if let Some(answer) = wires.answer.take() {
            let _ = answer.send(response);
        }
    }

    fn call(&self, state: &mut State, id: CallId, call: HttpCall) {
        let (Some(upstream), Some(driver)) = (self.upstream(&call.cluster), self.this.upgrade())
        else {
            return;
        };
        let task = tokio::spawn(async move {
            let response = call::call(upstream, call).await;
            driver.lock().calls.remove(&id);
            driver.tell(|worker| worker.http_call_response(id, response));
        });
        state.calls.insert(id, task.abort_handle());
    }

    fn grpc(&self, state: &mut State, id: CallId, effect: GrpcEffect) {
        match effect {
            GrpcEffect::Open(request) => {
                if let (Some(upstream), Some(driver)) =
                    (self.upstream(&request.cluster), self.this.upgrade())
                {
                    state.grpc.open(driver, upstream, (id, *request));
                }
            }
            GrpcEffect::Send { bytes, end } => state.grpc.send(id, bytes, end),
            GrpcEffect::Reset => state.grpc.reset(id),
        }
    }

    fn upstream(&self, cluster: &str) -> Option<Upstream> {
        let cluster = self.clusters.iter().find(|it| it.name == cluster)?;
        Some(self.upstreams.of(cluster))
    }

    fn arm(&self, state: &mut State, root: RootId, period: Option<Duration>) {
        if let Some(armed) = state.ticks.remove(&root) {
            armed.abort();
        }
        let (Some(period), Some(driver)) = (period, self.this.upgrade()) else {
            return;
        };
        let timer: JoinHandle<()> = tokio::spawn(async move {
            tokio::time::sleep(period).await;
            driver.tell(|worker| worker.tick(root));
        });
        state.ticks.insert(root, timer.abort_handle());
    }

    fn later(&self, run: impl FnOnce(Arc<Self>) + Send + 'static) {
        if let Some(driver) = self.this.upgrade() {
            tokio::spawn(async move { run(driver) });
        }
    }
}

// === impl State ===

impl State {
    fn drop_callouts(&mut self, vm: usize) {
        for (_, call) in self.calls.extract_if(|id, _| id.root.vm == vm) {
            call.abort();
        }
        self.grpc.drop_vm(vm);
    }
}

// === impl Held ===

impl Held {
    /// Tells the worker something of this stream.
    pub(crate) fn tell<T>(&self, event: impl FnOnce(&mut Worker, StreamId) -> T) -> T {
        self.0.driver.tell(|worker| event(worker, self.0.id))
    }
}

// === impl Hold ===

impl Drop for Hold {
    // In a task of its own: this may happen while the driver is locked.
    fn drop(&mut self) {
        if self.over.load(Ordering::Acquire) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let (driver, id) = (Arc::clone(&self.driver), self.id);
            runtime.spawn(async move { driver.tell(|worker| worker.client_gone(id)) });
        }
    }
}
