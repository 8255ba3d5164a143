//! A tiny reverse proxy that stands in for a subject: real sockets, made-up filters.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::listener::Listener;
use crate::subject::{LogLine, Subject};

type Body = BoxBody<Bytes, Infallible>;

/// What makes one of two proxies differ.
pub(super) type Quirk = fn(&mut Request<Bytes>);

pub(super) struct Proxy {
    name: &'static str,
    addresses: HashMap<String, SocketAddr>,
    shared: Arc<Shared>,
    takes_clock: bool,
    runtime: Option<Runtime>,
}

struct Shared {
    logs: Mutex<HashMap<String, Vec<LogLine>>>,
    clock: Mutex<Option<SystemTime>>,
    quirk: Quirk,
}

// === impl Proxy ===

impl Proxy {
    pub(super) fn start(
        name: &'static str,
        listeners: &[Listener],
        quirk: Quirk,
        takes_clock: bool,
    ) -> Arc<dyn Subject> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Shared {
            logs: Mutex::default(),
            clock: Mutex::default(),
            quirk,
        });
        let addresses = listeners.iter().map(|listener| {
            let socket = runtime
                .block_on(TcpListener::bind(listener.address))
                .unwrap();
            let address = socket.local_addr().unwrap();
            runtime.spawn(accept(
                socket,
                Arc::new(listener.clone()),
                Arc::clone(&shared),
            ));
            (listener.name.clone(), address)
        });
        Arc::new(Self {
            addresses: addresses.collect(),
            name,
            shared,
            takes_clock,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Subject for Proxy {
    fn name(&self) -> &str {
        self.name
    }

    fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.get(listener).copied()
    }

    fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.shared
            .logs
            .lock()
            .unwrap()
            .get(plugin)
            .cloned()
            .unwrap_or_default()
    }

    fn set_clock(&self, now: SystemTime) -> bool {
        *self.shared.clock.lock().unwrap() = Some(now);
        self.takes_clock
    }
}

async fn accept(socket: TcpListener, listener: Arc<Listener>, shared: Arc<Shared>) {
    while let Ok((stream, _)) = socket.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&listener), Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, listener: Arc<Listener>, shared: Arc<Shared>) {
    let mut start = [0; 3];
    let is_http2 = stream.peek(&mut start).await.is_ok() && start == *b"PRI";
    let service = service_fn(move |request| {
        let (listener, shared) = (Arc::clone(&listener), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(proxy(&listener, &shared, request).await) }
    });
    let io = TokioIo::new(stream);
    if is_http2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
    }
}

async fn proxy(listener: &Listener, shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let mut request = Request::from_parts(head, body.to_bytes());
    for (name, value) in trailers {
        request.headers_mut().append(name.unwrap(), value);
    }
    log(listener, shared, &request);
    if request.headers().contains_key("deny") {
        let mut response = Response::new(Full::from("RBAC: access denied").boxed());
        *response.status_mut() = http::StatusCode::FORBIDDEN;
        return response;
    }
    request
        .headers_mut()
        .insert("x-proxy", HeaderValue::from_static("yes"));
    if let Some(now) = *shared.clock.lock().unwrap() {
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        request.headers_mut().insert("x-now", seconds.into());
    }
    (shared.quirk)(&mut request);
    forward(listener, request).await
}

fn log(listener: &Listener, shared: &Shared, request: &Request<Bytes>) {
    let Some(plugin) = listener.plugins.first() else {
        return;
    };
    let line = LogLine {
        level: "info".to_owned(),
        message: format!(
            "saw {} {} with {}",
            request.method(),
            request.uri().path(),
            String::from_utf8_lossy(&plugin.configuration.to_bytes())
        ),
    };
    shared
        .logs
        .lock()
        .unwrap()
        .entry(plugin.name.clone())
        .or_default()
        .push(line);
}

async fn forward(listener: &Listener, mut request: Request<Bytes>) -> Response<Body> {
    let user = request.headers().get("end-user").cloned();
    let route = listener.routes.iter().find(|route| match &route.state {
        None => true,
        Some((_, value)) => user.as_ref().is_some_and(|user| user == value),
    });
    let cluster = listener
        .clusters
        .iter()
        .find(|cluster| cluster.name == route.unwrap().cluster)
        .unwrap();
    let stream = TcpStream::connect(cluster.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    if let Some(authority) = request.uri().authority().cloned() {
        request
            .headers_mut()
            .insert("host", authority.as_str().parse().unwrap());
    }
    *request.uri_mut() = request
        .uri()
        .path_and_query()
        .unwrap()
        .as_str()
        .parse()
        .unwrap();
    *request.version_mut() = http::Version::HTTP_11;
    let response = sender.send_request(request.map(Full::new)).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, Full::new(body).boxed())
}
