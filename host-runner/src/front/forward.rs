//! The router's work: requests to upstreams, and what comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Request, Uri};

use super::body::{Body, Completion};
use super::driver::Driver;
use super::gate::Gate;
use super::read::{BodyReader, End};
use super::reset_reason::ResetReason;
use super::respond::from_upstream;
use super::upstreams::{Hop, Upstream};
use crate::host::header_map::HeaderMap;
use crate::host::header_syntax::check_bytes;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, UpstreamInfo};
use crate::host::world::StreamId;
use crate::record::tape::Tape;

/// The head of a request as it goes to an upstream.
pub(crate) enum Outgoing {
    Http1(HeaderMap),
    Http2(Box<Request<()>>),
}

/// Sends a stream's request, and tells the worker what comes back. Without a timeout, as Istio's routes are by default
/// (rule R18).
pub(crate) async fn exchange(
    driver: Arc<Driver>,
    upstream: Upstream,
    (request, sent): ((Outgoing, Option<Body>), Completion),
    (id, trailers, gate, tape): (StreamId, bool, Arc<Gate>, Option<Arc<Tape>>),
) {
    let (address, started) = (upstream.hop.address, Instant::now());
    let connected = |local| {
        let upstream = UpstreamInfo::connected(address, local, (started, Instant::now()));
        driver.tell(|worker| worker.upstream(id, upstream));
    };
    match upstream.send(request, connected).await {
        Ok((headers, body)) => {
            let (headers, end) = (from_upstream(headers, sent.elapsed()), body.is_over());
            if let Some(tape) = &tape {
                tape.answered(&headers);
            }
            driver.tell(|worker| worker.response(id, headers, end));
            if !end {
                let body = BodyReader::new(body, trailers, gate);
                response_body(&driver, id, body, tape.as_deref()).await;
            }
        }
        Err(reason) => failed(&driver, id, &reason, (address, started)),
    }
}

/// Replies to a request whose headers cannot be sent, once there is a connection for it.
pub(crate) async fn refuse(
    driver: Arc<Driver>,
    upstream: Upstream,
    (id, reply): (StreamId, LocalReply),
) {
    let (address, started) = (upstream.hop.address, Instant::now());
    match upstream.connect().await {
        Ok(local) => {
            let upstream = UpstreamInfo::connected(address, local, (started, Instant::now()));
            driver.tell(|worker| {
                worker.upstream(id, upstream);
                worker.unsendable(id, reply);
            });
        }
        Err(reason) => failed(&driver, id, &reason, (address, started)),
    }
}

fn failed(
    driver: &Driver,
    id: StreamId,
    reason: &ResetReason,
    (address, started): (SocketAddr, Instant),
) {
    driver.tell(|worker| {
        if let Some(text) = reason.connecting() {
            let times = (started, Instant::now());
            worker.upstream(id, UpstreamInfo::unreachable(address, text, times));
        }
        worker.upstream_failed(id, reason.flag(), reason.before_response());
    });
}

async fn response_body(driver: &Driver, id: StreamId, mut body: BodyReader, tape: Option<&Tape>) {
    let mut told = End::No;
    while told != End::Here {
        let piece = body.next().await;
        piece.record(tape, Direction::Response);
        told = driver.tell(|worker| {
            let told = piece.tell(worker, id, Direction::Response);
            told.unwrap_or_else(|reason| {
                worker.upstream_failed(id, reason.flag(), reason.after_response());
                End::Here
            })
        });
    }
}

/// Methods whose requests have no body unless they say so.
const BODILESS: [&[u8]; 5] = [b"GET", b"HEAD", b"DELETE", b"TRACE", b"CONNECT"];

/// Headers of an HTTP/1.1 connection, which HTTP/2 has none of (RFC 9113 section 8.2.2).
const OF_CONNECTIONS: [&[u8]; 5] = [
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
];

/// What is sent of the headers of a call, which no router has looked at yet: Envoy's answers 503 with the name of what
/// cannot be sent (rules H10, W6).
pub(crate) fn outgoing_call(
    headers: &HeaderMap,
    hop: Hop,
    end: bool,
) -> Result<Outgoing, LocalReply> {
    check_bytes(headers).map_err(|what| LocalReply::of_bad_request(&what))?;
    outgoing(headers, hop, end)
}

/// What is sent of the headers that the router lets pass.
pub(crate) fn outgoing(headers: &HeaderMap, hop: Hop, end: bool) -> Result<Outgoing, LocalReply> {
    match hop.http2 {
        true => http2_head(headers),
        false => Ok(Outgoing::Http1(http1_head(headers, end))),
    }
}

// With what says how long the body is.
fn http1_head(headers: &HeaderMap, end: bool) -> HeaderMap {
    let mut head = headers.clone();
    if headers.get(b"content-length").is_some() {
        return head;
    }
    // So that a body is sent with every method. Without one, some methods say so (RFC 9110 section 8.6, rule H12).
    if !end {
        head.add(b"transfer-encoding", b"chunked");
    } else if !BODILESS.contains(&headers.get(b":method").unwrap_or_default()) {
        head.add(b"content-length", b"0");
    }
    head
}

fn http2_head(headers: &HeaderMap) -> Result<Outgoing, LocalReply> {
    // The only coding of transfers that HTTP/2 knows (RFC 9113 section 8.2.2).
    if headers.get(b"te").is_some_and(|te| te != b"trailers") {
        return Err(ResetReason::Protocol.before_response());
    }
    let part = |name| headers.get(name).unwrap_or_default();
    let uri = Uri::builder()
        .scheme("http")
        .authority(part(b":authority"))
        .path_and_query(headers.get(b":path").unwrap_or(b"/"));
    let mut request = Request::new(());
    *request.uri_mut() = uri
        .build()
        .map_err(|_| invalid_header("value for", b":path"))?;
    *request.method_mut() = part(b":method")
        .try_into()
        .map_err(|_| invalid_header("value for", b":method"))?;
    let is_sent = |name: &[u8]| !name.starts_with(b":") && !OF_CONNECTIONS.contains(&name);
    for (name, value) in headers.iter().filter(|(name, _)| is_sent(name)) {
        let key = HeaderName::from_bytes(name).map_err(|_| invalid_header("name", name))?;
        let value =
            HeaderValue::from_bytes(value).map_err(|_| invalid_header("value for", name))?;
        request.headers_mut().append(key, value);
    }
    Ok(Outgoing::Http2(Box::new(request)))
}

fn invalid_header(what: &str, name: &[u8]) -> LocalReply {
    let why = [b"invalid header ", what.as_bytes(), b": ", name].concat();
    LocalReply::of_bad_request(&why)
}
