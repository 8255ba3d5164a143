//! TCP connections through network filters: Envoy's listener and TCP proxy around the engine.
//!
//! One task reads each socket and one writes it; the driver connects them as the worker says.

mod idle;
mod read;
mod write;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use self::idle::Activity;
use self::read::Reader;
use self::write::{Line, Writer};
use super::driver::{Driver, State};
use super::gate::Gate;
use super::lineup::Lineup;
use crate::host::effect::TcpEffect;
use crate::host::stream::{Connection, UpstreamInfo};
use crate::host::tcp::{Ending, Peer};
use crate::host::world::StreamId;

/// As the clusters that `config envoy` prints.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// So that a process that is out of descriptors does not spin until it has some again.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// What a connection consists of.
pub(super) struct Wires {
    client: Option<Socket>,
    upstream: Option<Socket>,
    /// Waits for the upstream's connection.
    connecting: Option<AbortHandle>,
    /// Shut while no more is to be read from that side.
    from_client: Arc<Gate>,
    from_upstream: Arc<Gate>,
    activity: Arc<Activity>,
    idle: AbortHandle,
}

/// One socket and its two tasks; nothing reads before it is told to.
struct Socket {
    line: Line,
    reader: ReaderState,
}

enum ReaderState {
    Waiting(Box<Reader>),
    Running(AbortHandle),
}

/// Accepts connections for the listener of that index, for each worker in turn, until the runtime ends.
pub(super) async fn accept(listener: TcpListener, drivers: Arc<Lineup>, chain: usize) {
    let connections = AtomicU64::new(0);
    loop {
        // A failed accept (out of descriptors, a client gone already) concerns one connection, not the listener.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_BACKOFF).await;
            continue;
        };
        if let Ok(local) = stream.local_addr() {
            let ends = Connection {
                id: connections.fetch_add(1, Ordering::Relaxed),
                peer,
                local,
                protocol: "",
            };
            if let Some(driver) = drivers.pick(ends.id) {
                driver.connect(chain, stream, ends);
            }
        }
    }
}

// === impl Driver ===

impl Driver {
    /// A client has connected.
    fn connect(self: &Arc<Self>, chain: usize, stream: TcpStream, ends: Connection) {
        let mut state = self.lock();
        let Some(chain) = state.worker.chain(chain) else {
            return;
        };
        let id = state.worker.tcp_open(&chain, ends);
        let (from_client, from_upstream) = (Arc::<Gate>::default(), Arc::<Gate>::default());
        let activity = Arc::<Activity>::default();
        let gates = (&from_client, &from_upstream);
        let client = self.socket(stream, (id, Peer::Downstream), gates, &activity);
        let idle = activity.watch(Arc::clone(self), id);
        let wires = Wires {
            client: Some(client),
            upstream: None,
            connecting: None,
            from_client,
            from_upstream,
            activity,
            idle,
        };
        state.connections.insert(id, wires);
        self.settle(&mut state);
    }

    /// Does what the worker says of a connection.
    pub(super) fn tcp(&self, state: &mut State, id: StreamId, effect: TcpEffect) {
        let Some(wires) = state.connections.get_mut(&id) else {
            return;
        };
        match effect {
            TcpEffect::Connect { cluster } => {
                let address = state.worker.tcp_upstream(id, cluster);
                wires.connecting = address.and_then(|address| self.reach(id, address));
            }
            TcpEffect::Write { to, bytes, end } => wires.write(to, bytes, end),
            TcpEffect::Read(Peer::Downstream, read) => wires.from_client.set(read),
            TcpEffect::Read(Peer::Upstream, read) => wires.from_upstream.set(read),
            TcpEffect::Close(ending) => {
                if let Some(wires) = state.connections.remove(&id) {
                    wires.close(ending);
                }
                state.worker.tcp_forget(id);
            }
        }
    }

    fn reach(&self, id: StreamId, address: SocketAddr) -> Option<AbortHandle> {
        let driver = self.this.upgrade()?;
        let asked = Instant::now();
        let task = tokio::spawn(async move {
            let connected = TcpStream::connect(address);
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, connected).await;
            let stream = connected.ok().and_then(Result::ok);
            match stream.and_then(|stream| Some((stream.local_addr().ok()?, stream))) {
                Some((local, stream)) => {
                    let upstream = UpstreamInfo::connected(address, local, (asked, Instant::now()));
                    driver.connected(id, stream, upstream);
                }
                None => driver.tell(|worker| worker.tcp_not_connected(id)),
            }
        });
        Some(task.abort_handle())
    }

    fn connected(self: &Arc<Self>, id: StreamId, stream: TcpStream, upstream: UpstreamInfo) {
        let mut state = self.lock();
        if let Some(wires) = state.connections.get_mut(&id) {
            let gates = (&wires.from_client, &wires.from_upstream);
            let socket = self.socket(stream, (id, Peer::Upstream), gates, &wires.activity);
            wires.upstream = Some(socket);
        }
        state.worker.tcp_connected(id, upstream);
        if let Some(wires) = state.connections.get_mut(&id) {
            wires.read();
        }
        self.settle(&mut state);
    }

    // What is written to one peer is what was read from the other, whose gate counts it.
    fn socket(
        self: &Arc<Self>,
        stream: TcpStream,
        (id, peer): (StreamId, Peer),
        (from_client, from_upstream): (&Arc<Gate>, &Arc<Gate>),
        activity: &Arc<Activity>,
    ) -> Socket {
        // As Envoy sets it on every connection; without it the bytes are only slower.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let (own, other) = match peer {
            Peer::Downstream => (from_client, from_upstream),
            Peer::Upstream => (from_upstream, from_client),
        };
        let reader = Reader {
            driver: Arc::clone(self),
            id,
            peer,
            half: read,
            gate: Arc::clone(own),
            activity: Arc::clone(activity),
        };
        let line = Writer::spawn(Arc::clone(self), (id, peer), write, Arc::clone(other));
        Socket {
            line,
            reader: ReaderState::Waiting(Box::new(reader)),
        }
    }
}

// === impl Wires ===

impl Wires {
    fn write(&self, to: Peer, bytes: Vec<u8>, end: bool) {
        self.activity.seen();
        let (socket, gate) = match to {
            Peer::Downstream => (&self.client, &self.from_upstream),
            Peer::Upstream => (&self.upstream, &self.from_client),
        };
        if let Some(socket) = socket {
            gate.sent(bytes.len());
            socket.line.write(bytes, end);
        }
    }

    // Both sides are read from now on.
    fn read(&mut self) {
        for socket in [&mut self.client, &mut self.upstream] {
            *socket = socket.take().map(Socket::read);
        }
    }

    fn close(self, ending: Ending) {
        self.idle.abort();
        if let Some(connecting) = self.connecting {
            connecting.abort();
        }
        // What was to be flushed to the client has been.
        let client = match ending {
            Ending::Flushed | Ending::Now => Ending::Now,
            Ending::Reset => Ending::Reset,
        };
        for (socket, ending) in [(self.client, client), (self.upstream, ending)] {
            if let Some(socket) = socket {
                socket.close(ending);
            }
        }
    }
}

// === impl Socket ===

impl Socket {
    fn read(self) -> Self {
        let reader = match self.reader {
            ReaderState::Waiting(reader) => {
                ReaderState::Running(tokio::spawn(reader.run()).abort_handle())
            }
            running @ ReaderState::Running(_) => running,
        };
        Self { reader, ..self }
    }

    fn close(self, ending: Ending) {
        if let ReaderState::Running(task) = &self.reader {
            task.abort();
        }
        self.line.end(ending);
    }
}
