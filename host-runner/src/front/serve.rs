//! Serving connections: each request through the chain, to its cluster, and back.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::body::{Body, Cut};
use super::driver::Held;
use super::gate::Gate;
use super::lineup::Lineup;
use super::request_head::{header_map, own_address, refused_map};
use super::respond;
use crate::host::filter_state::ConnectionState;
use crate::host::stream::{Connection, Direction, StreamInfo};
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::listener::Listener;

/// Envoy's limit is 60 KiB of names and values; HTTP/2 counts 32 bytes more for each header (RFC 9113 section 6.5.2).
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// So that a process that is out of descriptors does not spin until it has some again.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// One listener, ready to serve.
pub(crate) struct Proxy {
    /// Connections go to its workers in turn.
    drivers: Arc<Lineup>,
    /// The index of the listener.
    chain: usize,
    /// Whether HTTP/1 trailers pass.
    trailers: bool,
    shared: Shared,
    connections: AtomicU64,
    own_address: IpAddr,
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
        }
    }

    /// One request. An error cuts the connection, or the HTTP/2 stream.
    async fn handle(
        &self,
        (connection, state, closed): (Connection, ConnectionState, watch::Receiver<()>),
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let (parts, body) = request.into_parts();
        let protocol = protocol(parts.version);
        let connection = Connection {
            protocol,
            ..connection
        };
        let info = StreamInfo::new(connection, self.shared.clock.now(), state);
        let driver = self.drivers.pick(connection.id).ok_or(Cut)?;
        let headers = match header_map(&parts, connection.peer.ip(), self.own_address) {
            Ok(headers) => headers,
            Err(refused) => {
                let headers = (!refused.by_codec).then(|| refused_map(&parts));
                driver.tell(|worker| {
                    if let Some(chain) = worker.chain(self.chain) {
                        worker.refused(&chain, info, headers, refused.reply());
                    }
                });
                return Ok(refused.response(parts.version));
            }
        };
        let end = body.is_end_stream();
        let opened = driver.open(self.chain, info, headers, (end, closed));
        let (held, gate, answered) = opened.ok_or(Cut)?;
        if !end {
            let http1 = parts.version < Version::HTTP_2;
            let drops_trailers = http1 && !self.trailers;
            tokio::spawn(request_body(
                held.clone(),
                body,
                (http1, drops_trailers, gate),
            ));
        }
        let answer = answered.await.map_err(|_| Cut);
        drop(held);
        answer
    }
}

async fn request_body(
    held: Held,
    mut incoming: Incoming,
    (http1, drops_trailers, gate): (bool, bool, Arc<Gate>),
) {
    let way = Direction::Request;
    loop {
        let frame = incoming.frame().await;
        // Only now, so that a client that goes away is noticed while nothing more may be read.
        if let Some(Ok(_)) = &frame {
            gate.open().await;
        }
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let last = incoming.is_end_stream();
                    held.tell(|worker, id| {
                        worker.arrived(id, way, data.into(), last && !http1);
                        // HTTP/1 bodies end with an empty call (rule L8).
                        if last && http1 {
                            worker.arrived(id, way, Vec::new(), true);
                        }
                    });
                    if last {
                        return;
                    }
                }
                // HTTP/1 trailers are dropped unless asked for (rule L12).
                Err(_) if drops_trailers => {}
                Err(frame) => {
                    let trailers = respond::header_map(&frame.into_trailers().unwrap_or_default());
                    return held.tell(|worker, id| worker.trailers_arrived(id, way, trailers));
                }
            },
            // HTTP/1 bodies end with an empty call (rule L8).
            None => return held.tell(|worker, id| worker.arrived(id, way, Vec::new(), true)),
            Some(Err(_)) => return held.tell(Worker::client_gone),
        }
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
    let service = service_fn(move |request| {
        let (proxy, state, closed) = (Arc::clone(&proxy), state.clone(), closed.clone());
        async move { proxy.handle((connection, state, closed), request).await }
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
