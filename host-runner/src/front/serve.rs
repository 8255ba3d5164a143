//! Serving connections: each request through the chain, to its cluster, and back.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

use super::body::Body;
use super::forward::{self, Upstreams};
use super::live::Live;
use super::refused::Refused;
use super::request_head::{header_map, own_address};
use super::respond;
use super::router::Router;
use crate::engine::Engine;
use crate::host::exchange::RequestStep;
use crate::host::stream::{Connection, PendingReply, StreamState};
use crate::host::vm::Shared;
use crate::host::worker::{SharedWorker, StartError, Worker};
use crate::listener::Listener;

/// Envoy's limit is 60 KiB of names and values; HTTP/2 counts 32 bytes more for each header (RFC 9113 section 6.5.2).
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// So that a process that is out of descriptors does not spin until it has some again.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// One listener, ready to serve.
pub(crate) struct Proxy {
    worker: SharedWorker,
    router: Router,
    upstreams: Upstreams,
    shared: Shared,
    connections: AtomicU64,
    own_address: IpAddr,
}

// === impl Proxy ===

impl Proxy {
    pub(crate) fn new(
        engine: &Engine,
        listener: &Listener,
        shared: &Shared,
    ) -> Result<Self, StartError> {
        Ok(Self {
            worker: Arc::new(Mutex::new(Worker::start(
                engine,
                &listener.plugins,
                shared,
            )?)),
            router: Router::new(listener.routes.clone(), listener.clusters.clone()),
            upstreams: Upstreams::new(),
            shared: shared.clone(),
            connections: AtomicU64::new(0),
            own_address: own_address(),
        })
    }

    async fn handle(&self, connection: Connection, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let headers = match header_map(&parts, connection.peer.ip(), self.own_address) {
            Ok(headers) => headers,
            Err(refused) => return refused.response(parts.version),
        };
        let protocol = protocol(parts.version);
        let stream = StreamState::new(
            Connection {
                protocol,
                ..connection
            },
            headers,
            self.shared.clock.now(),
        );
        let route = self.router.pick(&stream);
        let live = Arc::new(Live::new(Arc::clone(&self.worker), stream));
        let end = body.is_end_stream();
        match live.stage(|exchange, worker| exchange.request_headers(worker, end)) {
            Some(RequestStep::Forward(())) => {}
            Some(RequestStep::Reply(body)) => return respond::local(&live, body),
            None => return Refused::LOST.response(parts.version),
        }
        let cluster =
            live.stage(|exchange, _| self.router.cluster(route, &exchange.stream).cloned());
        match cluster.flatten() {
            Some(cluster) => forward::exchange(&self.upstreams, cluster.address, live, body).await,
            None => respond::proxy_reply(&live, PendingReply::of_proxy(404, "", "route_not_found")),
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
    let id = proxy.connections.fetch_add(1, Ordering::Relaxed);
    let connection = Connection {
        id,
        peer,
        local,
        protocol: "",
    };
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, Infallible>(proxy.handle(connection, request).await) }
    });
    // What goes wrong on one connection (a client that resets it) is that client's affair.
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_header_list_size(MAX_HEADER_BYTES);
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}
