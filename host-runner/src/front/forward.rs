//! The router's work and the callouts': requests to upstreams, and what comes back.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector, HttpInfo, capture_connection,
};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

use super::body::{Body, full, is_empty};
use super::driver::Driver;
use super::failure::Failure;
use super::gate::Gate;
use super::respond::{from_upstream, header_map};
use crate::host::callout::{CallResponse, HttpCall};
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, ResponseFlags, UpstreamInfo};
use crate::host::world::StreamId;
use crate::listener::Cluster;

/// As the clusters that `config envoy` prints.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type HttpClient = Client<HttpConnector, Body>;

/// Pooled connections to upstreams.
pub(crate) struct Upstreams {
    http1: HttpClient,
    http2: HttpClient,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn new() -> Self {
        Self {
            http1: client(false),
            http2: client(true),
        }
    }

    /// A client that speaks a cluster's protocol.
    pub(crate) fn of(&self, cluster: &Cluster) -> HttpClient {
        if cluster.http2 {
            self.http2.clone()
        } else {
            self.http1.clone()
        }
    }
}

fn client(http2: bool) -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        // A filter that removed `:authority` has none (rule H9).
        .set_host(false)
        .http2_only(http2)
        .build(connector)
}

/// Sends a stream's request, and tells the worker what comes back. Without a timeout, as Istio's routes are by default
/// (rule R18).
pub(crate) async fn exchange(
    driver: Arc<Driver>,
    client: HttpClient,
    request: Request<Body>,
    (id, address, trailers, gate): (StreamId, SocketAddr, bool, Arc<Gate>),
) {
    let started = Instant::now();
    match connected(&driver, client, request, (id, address)).await {
        Ok(response) => {
            let (parts, incoming) = response.into_parts();
            let (headers, end) = (
                from_upstream(&parts, started.elapsed()),
                incoming.is_end_stream(),
            );
            driver.tell(|worker| worker.response(id, headers, end));
            if !end {
                let http1 = parts.version < http::Version::HTTP_2;
                let drops_trailers = http1 && !trailers;
                response_body(&driver, id, incoming, (http1, drops_trailers, gate)).await;
            }
        }
        Err(error) => {
            let failure = Failure::of(&error);
            driver.tell(|worker| {
                if let Some(reason) = failure.connecting {
                    worker.upstream(id, UpstreamInfo::unreachable(address, reason, started));
                }
                worker.upstream_failed(id, failure.flag, failure.reply);
            });
        }
    }
}

// Tells of the connection as soon as there is one, because the request body may follow.
async fn connected(
    driver: &Driver,
    client: HttpClient,
    mut request: Request<Body>,
    (id, address): (StreamId, SocketAddr),
) -> Result<Response<Incoming>, Error> {
    let started = Instant::now();
    let mut connection = capture_connection(&mut request);
    let mut response = pin!(client.request(request));
    tokio::select! {
        biased;
        Some(local) = local_address(&mut connection) => {
            let upstream = UpstreamInfo::connected(address, local, started);
            driver.tell(|worker| worker.upstream(id, upstream));
            response.await
        }
        response = &mut response => response,
    }
}

// None: there will be no connection.
async fn local_address(connection: &mut CaptureConnection) -> Option<SocketAddr> {
    let mut found = http::Extensions::new();
    let connected = connection.wait_for_connection_metadata().await;
    connected.as_ref()?.get_extras(&mut found);
    found.get::<HttpInfo>().map(HttpInfo::local_addr)
}

async fn response_body(
    driver: &Driver,
    id: StreamId,
    mut incoming: Incoming,
    (http1, drops_trailers, gate): (bool, bool, Arc<Gate>),
) {
    loop {
        gate.open().await;
        let way = Direction::Response;
        match incoming.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let end = !http1 && incoming.is_end_stream();
                    driver.tell(|worker| worker.arrived(id, way, data.into(), end));
                    if end {
                        return;
                    }
                }
                // HTTP/1 trailers are dropped unless asked for (rule L12).
                Err(_) if drops_trailers => {}
                Err(frame) => {
                    let trailers = header_map(&frame.into_trailers().unwrap_or_default());
                    return driver.tell(|worker| worker.trailers_arrived(id, way, trailers));
                }
            },
            // HTTP/1 bodies end with an empty call (rule L8).
            None => return driver.tell(|worker| worker.arrived(id, way, Vec::new(), true)),
            Some(Err(_)) => {
                let flag = ResponseFlags::UPSTREAM_CONNECTION_TERMINATION;
                let reply = LocalReply::of_proxy(
                    503,
                    CONNECT_FAILED,
                    "upstream_reset_after_response_started",
                );
                return driver.tell(|worker| worker.upstream_failed(id, flag, reply));
            }
        }
    }
}

/// Makes a filter's call. What fails is answered as Envoy answers it (rule C3).
pub(crate) async fn call(client: HttpClient, address: SocketAddr, call: HttpCall) -> CallResponse {
    let timeout = call.timeout;
    let answered = answer_to(client, address, call);
    let answered = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, answered).await,
        None => Ok(answered.await),
    };
    match answered {
        Ok(Some(response)) => response,
        Ok(None) => made_here(503, CONNECT_FAILED),
        Err(_) => made_here(504, "upstream request timeout"),
    }
}

async fn answer_to(
    client: HttpClient,
    address: SocketAddr,
    call: HttpCall,
) -> Option<CallResponse> {
    let mut headers = call.headers;
    // The callee is told who calls, and for how long (rule C5).
    headers.replace(b"x-envoy-internal", b"true");
    if let Some(timeout) = call.timeout {
        let timeout = timeout.as_millis().to_string();
        headers.replace(b"x-envoy-expected-rq-timeout-ms", timeout.as_bytes());
    }
    let request = upstream_request(&headers, (address, false), full(call.body)).ok()?;
    let started = Instant::now();
    let (parts, incoming) = client.request(request).await.ok()?.into_parts();
    let headers = from_upstream(&parts, started.elapsed());
    let body = incoming.collect().await.ok()?;
    let trailers = body.trailers().map(header_map).unwrap_or_default();
    Some(CallResponse {
        headers,
        body: body.to_bytes().into(),
        trailers,
    })
}

fn made_here(status: u32, body: &str) -> CallResponse {
    let mut headers = HeaderMap::response(status.to_string().as_bytes());
    headers.add(b"content-length", body.len().to_string().as_bytes());
    headers.add(b"content-type", b"text/plain");
    CallResponse {
        headers,
        body: body.into(),
        trailers: HeaderMap::default(),
    }
}

/// Methods whose requests have no body unless they say so.
const BODILESS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::DELETE,
    Method::TRACE,
    Method::CONNECT,
];

const CONNECT_FAILED: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";

// Envoy checks header bytes here, at the router, and answers 503 with the offender's name (rules H10, W6).
pub(crate) fn upstream_request(
    headers: &HeaderMap,
    (address, http2): (SocketAddr, bool),
    body: Body,
) -> Result<Request<Body>, LocalReply> {
    let path = headers.get(b":path").unwrap_or(b"/");
    let uri = Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build();
    let body_is_empty = is_empty(&body);
    let mut request = Request::new(body);
    *request.uri_mut() = uri.map_err(|_| invalid_header("value for", b":path"))?;
    let method = headers
        .get(b":method")
        .ok_or_else(|| missing_header(":method"))?;
    *request.method_mut() = method
        .try_into()
        .map_err(|_| invalid_header("value for", b":method"))?;
    // Without a body, such a method says so (RFC 9110 section 8.6, rule H12).
    let unsaid = headers.get(b"content-length").is_none();
    if !body_is_empty && unsaid && !http2 {
        // So that the client sends a body with every method, as Envoy does.
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(TRANSFER_ENCODING, chunked);
    }
    if body_is_empty && unsaid && !BODILESS.contains(request.method()) {
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for (name, value) in headers.iter() {
        let name = if name == b":authority" { b"host" } else { name };
        if !name.starts_with(b":") {
            let key = HeaderName::from_bytes(name).map_err(|_| invalid_header("name", name))?;
            let value =
                HeaderValue::from_bytes(value).map_err(|_| invalid_header("value for", name))?;
            request.headers_mut().append(key, value);
        }
    }
    Ok(request)
}

fn invalid_header(what: &str, name: &[u8]) -> LocalReply {
    let body = format!("invalid header {what}: {}", String::from_utf8_lossy(name));
    LocalReply::of_proxy(503, &body, "filter_removed_required_request_headers")
}

fn missing_header(name: &str) -> LocalReply {
    let body = format!("missing required header: {name}");
    LocalReply::of_proxy(503, &body, "filter_removed_required_request_headers")
}
