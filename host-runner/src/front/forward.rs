//! The router's work: the request to its upstream and the response back, both through the filters as they stream.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;

use super::body::{Body, BodySender, Cut, channel, full};
use super::live::Live;
use super::request_head::HOP_BY_HOP;
use crate::host::exchange::{RequestStep, ResponseStep};
use crate::host::header_map::HeaderMap;
use crate::host::stream::PendingReply;

/// Pooled HTTP/1.1 connections to upstreams.
pub(crate) struct Upstreams {
    client: Client<HttpConnector, Body>,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
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
    let request =
        live.stage(|exchange, _| upstream_request(&exchange.stream.request_headers, address, body));
    let request = match request {
        Some(Ok(request)) => request,
        Some(Err(reply)) => return proxy_reply(&live, reply),
        None => return status_only(500),
    };
    let (replied, reply) = oneshot::channel();
    tokio::spawn(pump_request(Arc::clone(&live), incoming, sender, replied));
    // Without a timeout, as Istio's routes are by default (rule R18).
    let response = upstreams.client.request(request);
    tokio::select! {
        biased;
        // A filter ended the exchange while the body was passing; the request upstream is dropped.
        Ok(body) = reply => local(&live, body),
        response = response => match response {
            Ok(response) => downstream_response(live, response),
            Err(_) => proxy_reply(&live, PendingReply::of_proxy(503, CONNECT_FAILED, "upstream_reset_before_response_started")),
        },
    }
}

const CONNECT_FAILED: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";

/// A response that a filter or the proxy made; its headers are in the stream.
pub(crate) fn local(live: &Live, body: Vec<u8>) -> Response<Body> {
    let head = live.stage(|exchange, _| response_head(&exchange.stream.response_headers));
    match head.flatten() {
        Some(head) => head.map(|()| full(body)),
        None => status_only(502),
    }
}

/// A response of the proxy itself, which all filters see.
pub(crate) fn proxy_reply(live: &Live, reply: PendingReply) -> Response<Body> {
    let body = live.stage(|exchange, worker| exchange.proxy_reply(worker, reply));
    local(live, body.unwrap_or_default())
}

/// A status code as filters give them; what HTTP cannot carry becomes 500.
pub(crate) fn status_code(status: u32) -> StatusCode {
    let code = u16::try_from(status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn status_only(status: u32) -> Response<Body> {
    let mut response = Response::new(full(Vec::new()));
    *response.status_mut() = status_code(status);
    response
}

// --- request ---

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
    let mut request = Request::new(body);
    *request.uri_mut() = uri.map_err(|_| invalid_header("value for", b":path"))?;
    let method = headers
        .get(b":method")
        .ok_or_else(|| missing_header(":method"))?;
    *request.method_mut() = method
        .try_into()
        .map_err(|_| invalid_header("value for", b":method"))?;
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
    if incoming.is_end_stream() {
        return;
    }
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
            Some(RequestStep::Reply(body)) => return reply_instead(&sender, replied, body).await,
            None => return,
        }
    }
    if !ended {
        // HTTP/1 bodies end with an empty call (rule L8).
        match live.stage(|exchange, worker| exchange.request_body(worker, Vec::new(), true)) {
            Some(RequestStep::Forward(rest)) => {
                drop(sender.send(Ok(Frame::data(rest.into()))).await)
            }
            Some(RequestStep::Reply(body)) => reply_instead(&sender, replied, body).await,
            None => {}
        }
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
    let trailers = trailers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    live.stage(
        |exchange, worker| match exchange.request_trailers(worker, trailers) {
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

// --- response ---

fn downstream_response(live: Arc<Live>, response: Response<Incoming>) -> Response<Body> {
    let (parts, incoming) = response.into_parts();
    let end = incoming.is_end_stream();
    let step = live.stage(|exchange, worker| {
        exchange.stream.response_headers = upstream_headers(&parts);
        exchange.stream.details = "via_upstream".to_owned();
        exchange.response_headers(worker, end)
    });
    match step {
        Some(ResponseStep::Forward) => {}
        Some(ResponseStep::Replace(body)) => return local(&live, body),
        None => return status_only(500),
    }
    let head = live
        .stage(|exchange, _| response_head(&exchange.stream.response_headers))
        .flatten();
    let Some(head) = head else {
        // Rule H9.
        return proxy_reply(
            &live,
            PendingReply::of_proxy(
                502,
                "missing required header: :status",
                "filter_removed_required_response_headers",
            ),
        );
    };
    if end {
        return head.map(|()| full(Vec::new()));
    }
    let (sender, body) = channel();
    tokio::spawn(pump_response(live, incoming, sender));
    head.map(|()| body)
}

fn upstream_headers(parts: &http::response::Parts) -> HeaderMap {
    let mut map = HeaderMap::default();
    map.add(b":status", parts.status.as_str().as_bytes());
    for (name, value) in &parts.headers {
        if !HOP_BY_HOP.contains(&name.as_str()) {
            map.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    map
}

fn response_head(headers: &HeaderMap) -> Option<Response<()>> {
    let status = std::str::from_utf8(headers.get(b":status")?)
        .ok()?
        .parse()
        .ok()?;
    let mut response = Response::new(());
    *response.status_mut() = status_code(status);
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        // Envoy lets a line end through here (rule H10); splitting a response is not something to copy.
        let name = HeaderName::from_bytes(name).ok()?;
        let value = HeaderValue::from_bytes(value).ok()?;
        response.headers_mut().append(name, value);
    }
    response
        .headers_mut()
        .insert("server", HeaderValue::from_static("host-runner"));
    Some(response)
}

async fn pump_response(live: Arc<Live>, mut incoming: Incoming, sender: BodySender) {
    while let Some(frame) = incoming.frame().await {
        let Ok(Ok(data)) = frame.map(Frame::into_data) else {
            let _ = sender.send(Err(Cut)).await;
            return;
        };
        if !send_response(&live, &sender, data.into(), false).await {
            return;
        }
    }
    // The upstream speaks HTTP/1, whose bodies end with an empty call (rule L8).
    send_response(&live, &sender, Vec::new(), true).await;
}

async fn send_response(live: &Live, sender: &BodySender, data: Vec<u8>, end: bool) -> bool {
    match live
        .stage(|exchange, worker| exchange.response_body(worker, data, end))
        .flatten()
    {
        Some(data) if data.is_empty() => true,
        Some(data) => sender.send(Ok(Frame::data(data.into()))).await.is_ok(),
        None => {
            let _ = sender.send(Err(Cut)).await;
            false
        }
    }
}
