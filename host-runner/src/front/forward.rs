//! The router's work: requests to upstreams, and what comes back.

use std::sync::Arc;
use std::time::Instant;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use hyper::body::Body;

use super::body::{self, Completion};
use super::driver::Driver;
use super::gate::Gate;
use super::read::{BodyReader, End};
use super::reset_reason::ResetReason;
use super::respond::from_upstream;
use super::upstreams::{Hop, Upstream};
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, UpstreamInfo};
use crate::host::world::StreamId;
use crate::record::tape::Tape;

/// Sends a stream's request, and tells the worker what comes back. Without a timeout, as Istio's routes are by default
/// (rule R18).
pub(crate) async fn exchange(
    driver: Arc<Driver>,
    upstream: Upstream,
    (request, sent): (Request<body::Body>, Completion),
    (id, trailers, gate, tape): (StreamId, bool, Arc<Gate>, Option<Arc<Tape>>),
) {
    let (address, started) = (upstream.hop.address, Instant::now());
    let connected = |local| {
        let upstream = UpstreamInfo::connected(address, local, (started, Instant::now()));
        driver.tell(|worker| worker.upstream(id, upstream));
    };
    match upstream.send(request, connected).await {
        Ok(response) => {
            let (parts, incoming) = response.into_parts();
            let (headers, end) = (
                from_upstream(&parts, sent.elapsed()),
                incoming.is_end_stream(),
            );
            if let Some(tape) = &tape {
                tape.answered(&headers);
            }
            driver.tell(|worker| worker.response(id, headers, end));
            if !end {
                let body = BodyReader::new(
                    (Direction::Response, incoming),
                    parts.version,
                    trailers,
                    gate,
                );
                response_body(&driver, id, body, tape.as_deref()).await;
            }
        }
        Err(reason) => {
            driver.tell(|worker| {
                if let Some(text) = reason.connecting() {
                    worker.upstream(
                        id,
                        UpstreamInfo::unreachable(address, text, (started, Instant::now())),
                    );
                }
                worker.upstream_failed(id, reason.flag(), reason.before_response());
            });
        }
    }
}

async fn response_body(driver: &Driver, id: StreamId, mut body: BodyReader, tape: Option<&Tape>) {
    let mut told = End::No;
    while told != End::Here {
        let piece = body.after(told).await;
        piece.record(tape, Direction::Response);
        told = driver.tell(|worker| {
            let told = piece.tell(worker, id, Direction::Response);
            told.unwrap_or_else(|error| {
                let reason = ResetReason::of_body(&error);
                worker.upstream_failed(id, reason.flag(), reason.after_response());
                End::Here
            })
        });
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

/// Headers of an HTTP/1.1 connection, which HTTP/2 has none of (RFC 9113 section 8.2.2).
const OF_CONNECTIONS: [&[u8]; 5] = [
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
];

// Envoy checks header bytes here, at the router, and answers 503 with the offender's name (rules H10, W6).
pub(crate) fn upstream_request<B: Body>(
    headers: &HeaderMap,
    hop: Hop,
    body: B,
) -> Result<Request<B>, LocalReply> {
    let path = headers.get(b":path").unwrap_or(b"/");
    // In HTTP/1.1 the URI says where to connect, and the `host` header what is asked for.
    let authority = match headers.get(b":authority") {
        Some(authority) if hop.http2 => authority.to_vec(),
        _ => hop.address.to_string().into_bytes(),
    };
    let uri = Uri::builder()
        .scheme("http")
        .authority(authority.as_slice())
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
    if !body_is_empty && unsaid && !hop.http2 {
        // So that the client sends a body with every method, as Envoy does.
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(TRANSFER_ENCODING, chunked);
    }
    if !hop.http2 && body_is_empty && unsaid && !BODILESS.contains(request.method()) {
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    // The only coding of transfers that HTTP/2 knows (RFC 9113 section 8.2.2).
    if hop.http2 && headers.get(b"te").is_some_and(|te| te != b"trailers") {
        return Err(ResetReason::Protocol.before_response());
    }
    for (name, value) in headers.iter() {
        let name = match name {
            b":authority" if !hop.http2 => b"host",
            name => name,
        };
        let unsent = hop.http2 && OF_CONNECTIONS.contains(&name);
        if !name.starts_with(b":") && !unsent {
            let key = HeaderName::from_bytes(name).map_err(|_| invalid_header("name", name))?;
            let value =
                HeaderValue::from_bytes(value).map_err(|_| invalid_header("value for", name))?;
            request.headers_mut().append(key, value);
        }
    }
    Ok(request)
}

fn invalid_header(what: &str, name: &[u8]) -> LocalReply {
    let why = [b"invalid header ", what.as_bytes(), b": ", name].concat();
    LocalReply::of_bad_request(&why)
}

fn missing_header(name: &str) -> LocalReply {
    LocalReply::of_bad_request(format!("missing required header: {name}").as_bytes())
}
