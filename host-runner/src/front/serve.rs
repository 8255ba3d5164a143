//! Serving connections: each request through the chain, to its cluster, and back.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, Request, Response, Version};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::answer::Answer;
use super::body::{Body, Cut, full};
use super::gate::Gate;
use super::held::Held;
use super::http1;
use super::lineup::Lineup;
use super::peer::Peer;
use super::read::{BodyReader, End, Source};
use super::refused::Refusal;
use super::request_head::{RequestHead, header_map, own_address};
use crate::host::filter_state::ConnectionState;
use crate::host::stream::{Connection, Direction, StreamInfo};
use crate::host::vm_state::Shared;
use crate::listener::Listener;
use crate::record::Session;
use crate::record::tape::Tape;

/// Envoy's limit is 60 KiB of names and values; HTTP/2 counts 32 bytes more for each header (RFC 9113 section 6.5.2).
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// So that a process that is out of descriptors does not spin until it has some again.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// One listener, ready to serve.
pub(crate) struct Proxy {
    /// Connections go to its workers in turn.
    pub(super) drivers: Arc<Lineup>,
    /// The index of the listener.
    pub(super) chain: usize,
    /// Whether HTTP/1 trailers pass.
    pub(super) trailers: bool,
    pub(super) shared: Shared,
    connections: AtomicU64,
    pub(super) own_address: IpAddr,
    pub(super) record: Option<Session>,
}

// === impl Proxy ===

impl Proxy {
    pub(crate) fn new(
        drivers: Arc<Lineup>,
        (chain, listener): (usize, &Listener),
        shared: &Shared,
    ) -> Self {
        Self {
            drivers,
            chain,
            trailers: listener.trailers,
            shared: shared.clone(),
            connections: AtomicU64::new(0),
            own_address: own_address(),
            record: None,
        }
    }

    /// Records every stream, if there is where to.
    pub(crate) fn recorded_to(self, record: Option<Session>) -> Self {
        Self { record, ..self }
    }

    /// One request. An error cuts the connection, or the HTTP/2 stream.
    async fn handle(
        &self,
        (connection, state): (Connection, ConnectionState),
        (peer, closed): (Arc<Peer>, watch::Receiver<()>),
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::from(&parts);
        let protocol = protocol(parts.version);
        let connection = Connection {
            protocol,
            ..connection
        };
        let info = StreamInfo::new(connection, &self.shared.clock, state);
        let driver = self.drivers.pick(connection.id).ok_or(Cut)?;
        let tape = |session| Arc::new(Tape::new(session, info.started, &head));
        let tape = self.record.as_ref().map(tape);
        let headers = match header_map(&head, connection.peer.ip(), self.own_address) {
            Ok(headers) => headers,
            Err(Refusal { why, headers }) => {
                driver.tell(|worker| {
                    if let Some(chain) = worker.chain(self.chain) {
                        worker.refused(&chain, info, (headers, true), why.reply());
                    }
                });
                if let Some(tape) = tape {
                    tape.refused();
                }
                let response = why.response(parts.version);
                return Ok(response.map(|body| full(body.into())));
            }
        };
        let tunnel = parts.method == Method::CONNECT && parts.version < Version::HTTP_2;
        let end = body.is_end_stream() && !tunnel;
        let opened = driver.open(self.chain, info, headers, (end, closed), tape.clone());
        let (held, gate, answered) = opened.ok_or(Cut)?;
        let answer = if end || tunnel {
            answered.await
        } else {
            let body = BodyReader::new(Source::Http2(body), self.trailers, Arc::clone(&gate));
            let reading = request_body(held.clone(), body, (gate, peer), tape);
            read_until_answered(reading, answered).await
        };
        if protocol == "HTTP/2" && held.is_unsent() {
            return Err(Cut);
        }
        drop(held);
        match answer {
            Ok(Answer::Http2(response)) => Ok(response),
            _ => Err(Cut),
        }
    }
}

// In the connection's own task as long as it can be, so that what has come with the head is read before anything answers.
async fn read_until_answered<T>(
    reading: impl Future<Output = ()> + Send + 'static,
    mut answered: oneshot::Receiver<T>,
) -> Result<T, oneshot::error::RecvError> {
    let mut reading = Box::pin(reading);
    tokio::select! {
        biased;
        () = &mut reading => answered.await,
        answer = &mut answered => {
            tokio::spawn(reading);
            answer
        }
    }
}

// Until its end, or until nobody wants it any more: the connection is closed then.
async fn request_body(
    held: Held,
    mut body: BodyReader,
    (gate, peer): (Arc<Gate>, Arc<Peer>),
    tape: Option<Arc<Tape>>,
) {
    let mut told = End::No;
    while told != End::Here {
        let piece = tokio::select! {
            biased;
            piece = body.next() => piece,
            () = gate.ended() => return,
            () = peer.gone_while_shut(&gate) => return held.tell(|worker, id| worker.client_gone(id)),
        };
        piece.record(tape.as_deref(), Direction::Request);
        told = held.tell(|worker, id| {
            let told = piece.tell(worker, id, Direction::Request);
            told.unwrap_or_else(|_| {
                worker.client_gone(id);
                End::Here
            })
        });
    }
}

/// Accepts connections until the runtime ends.
pub(crate) async fn accept(socket: TcpListener, proxy: Arc<Proxy>) {
    loop {
        // A failed accept (out of descriptors, a client gone already) concerns one connection, not the listener.
        let Ok((stream, peer)) = socket.accept().await else {
            tokio::time::sleep(ACCEPT_BACKOFF).await;
            continue;
        };
        tokio::spawn(connection(stream, peer, Arc::clone(&proxy)));
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, proxy: Arc<Proxy>) {
    let Ok(local) = stream.local_addr() else {
        return;
    };
    // As Envoy sets it on every connection; without it the bytes are only slower.
    let _ = stream.set_nodelay(true);
    let id = proxy.connections.fetch_add(1, Ordering::Relaxed);
    let connection = Connection {
        id,
        peer,
        local,
        protocol: "",
    };
    let state = ConnectionState::default();
    // Dropped when the connection ends.
    let (_open, closed) = watch::channel(());
    let Ok(http2) = http1::speaks_http2(&stream).await else {
        return;
    };
    if !http2 {
        // What goes wrong on one connection is that client's affair.
        let _ = http1::serve(proxy, stream, (connection, state, closed)).await;
        return;
    }
    let peer = Arc::new(Peer::of(&stream));
    let service = service_fn(move |request| {
        let (proxy, state) = (Arc::clone(&proxy), state.clone());
        let ends = (Arc::clone(&peer), closed.clone());
        async move { proxy.handle((connection, state), ends, request).await }
    });
    // What goes wrong on one connection (a client that resets it) is that client's affair.
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_header_list_size(MAX_HEADER_BYTES);
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        // Of an older one as well, which is refused before that is known.
        _ => "HTTP/1.1",
    }
}
