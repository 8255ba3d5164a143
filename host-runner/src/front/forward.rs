//! The router's work: the request to its upstream, through the filters as it streams.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;

use super::body::{Body, BodySender, Cut, channel, full};
use super::live::Live;
use super::respond::{downstream_response, local, proxy_reply, status_only};
use crate::host::exchange::RequestStep;
use crate::host::header_map::HeaderMap;
use crate::host::stream::PendingReply;

/// As the clusters that `config envoy` prints.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Pooled HTTP/1.1 connections to upstreams.
pub(crate) struct Upstreams {
    client: Client<HttpConnector, Body>,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self {
            client: Client::builder(TokioExecutor::new())
                // A filter that removed `:authority` has none (rule H9).
                .set_host(false)
                .build(connector),
        }
    }
}

/// Sends the request upstream while its body passes the filters, and returns the response.
pub(crate) async fn exchange(
    upstreams: &Upstreams,
    address: SocketAddr,
    live: Arc<Live>,
    incoming: Incoming,
) -> Response<Body> {
    let (sender, body) = channel();
    let body = if incoming.is_end_stream() {
        full(Vec::new())
    } else {
        body
    };
    let started = Instant::now();
    let request =
        live.stage(|exchange, _| upstream_request(&exchange.stream.request_headers, address, body));
    let request = match request {
        Some(Ok(request)) => request,
        Some(Err(reply)) => return proxy_reply(&live, reply),
        None => return status_only(500),
    };
    let (replied, replied_body) = oneshot::channel();
    if !incoming.is_end_stream() {
        let live = Arc::clone(&live);
        tokio::spawn(pump_request(live, incoming, sender, replied));
    }
    // Without a timeout, as Istio's routes are by default (rule R18).
    let response = upstreams.client.request(request);
    tokio::select! {
        biased;
        // A filter ended the exchange while the body was passing; the request upstream is dropped.
        Ok(body) = replied_body => local(&live, body),
        response = response => match response {
            Ok(response) => downstream_response(live, response, started.elapsed()),
            Err(_) => proxy_reply(&live, PendingReply::of_proxy(503, CONNECT_FAILED, "upstream_reset_before_response_started")),
        },
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
fn upstream_request(
    headers: &HeaderMap,
    address: SocketAddr,
    body: Body,
) -> Result<Request<Body>, PendingReply> {
    let path = headers.get(b":path").unwrap_or(b"/");
    let uri = Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build();
    let body_is_empty = body.is_end_stream();
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

fn invalid_header(what: &str, name: &[u8]) -> PendingReply {
    let body = format!("invalid header {what}: {}", String::from_utf8_lossy(name));
    PendingReply::of_proxy(503, &body, "filter_removed_required_request_headers")
}

fn missing_header(name: &str) -> PendingReply {
    let body = format!("missing required header: {name}");
    PendingReply::of_proxy(503, &body, "filter_removed_required_request_headers")
}

async fn pump_request(
    live: Arc<Live>,
    mut incoming: Incoming,
    sender: BodySender,
    replied: oneshot::Sender<Vec<u8>>,
) {
    let mut ended = false;
    while let Some(frame) = incoming.frame().await {
        let Ok(frame) = frame else {
            // The client is gone: the upstream must not take what it has for the whole body.
            let _ = sender.send(Err(Cut)).await;
            return;
        };
        ended = frame.is_trailers() || (incoming.is_end_stream() && !is_http1(&live));
        match request_frame(&live, frame, ended) {
            Some(RequestStep::Forward(frame)) => {
                if sender.send(Ok(frame)).await.is_err() {
                    return;
                }
            }
            Some(RequestStep::Reply(body)) => {
                drop(live);
                return reply_instead(&sender, replied, body).await;
            }
            None => return,
        }
    }
    if ended {
        return;
    }
    // HTTP/1 bodies end with an empty call (rule L8).
    let step = live.stage(|exchange, worker| exchange.request_body(worker, Vec::new(), true));
    // Whoever sends the response is the last to let go, so that the filters have logged when the client has it.
    drop(live);
    match step {
        Some(RequestStep::Forward(rest)) => drop(sender.send(Ok(Frame::data(rest.into()))).await),
        Some(RequestStep::Reply(body)) => reply_instead(&sender, replied, body).await,
        None => {}
    }
}

fn request_frame(live: &Live, frame: Frame<Bytes>, end: bool) -> Option<RequestStep<Frame<Bytes>>> {
    match frame.into_data() {
        Ok(data) => {
            live.stage(
                |exchange, worker| match exchange.request_body(worker, data.into(), end) {
                    RequestStep::Forward(data) => RequestStep::Forward(Frame::data(data.into())),
                    RequestStep::Reply(body) => RequestStep::Reply(body),
                },
            )
        }
        Err(frame) => request_trailers(live, frame),
    }
}

// The filters see HTTP/2 trailers; the HTTP/1.1 upstream does not get them (rule L12).
fn request_trailers(live: &Live, frame: Frame<Bytes>) -> Option<RequestStep<Frame<Bytes>>> {
    let trailers = frame.into_trailers().unwrap_or_default();
    let mut map = HeaderMap::default();
    for (name, value) in &trailers {
        map.add(name.as_str().as_bytes(), value.as_bytes());
    }
    live.stage(
        |exchange, worker| match exchange.request_trailers(worker, map) {
            RequestStep::Forward(()) => RequestStep::Forward(Frame::data(Bytes::new())),
            RequestStep::Reply(body) => RequestStep::Reply(body),
        },
    )
}

async fn reply_instead(sender: &BodySender, replied: oneshot::Sender<Vec<u8>>, body: Vec<u8>) {
    let _ = replied.send(body);
    let _ = sender.send(Err(Cut)).await;
}

fn is_http1(live: &Live) -> bool {
    let protocol = live.stage(|exchange, _| exchange.stream.connection.protocol);
    protocol.is_some_and(|protocol| protocol.starts_with("HTTP/1"))
}
