//! The router's work: requests to upstreams, and what comes back.

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
use crate::host::header_syntax::{is_header_name, is_header_value};
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, UpstreamInfo};
use crate::host::world::StreamId;
use crate::record::tape::Tape;

/// The head of a request as it goes to an upstream.
pub(crate) enum Outgoing {
    Http1(HeaderMap),
    /// As a map too.
    Http2(HeaderMap, Box<Request<()>>),
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

/// What is sent of these headers, if anything is: Envoy checks their bytes here, at the router, and answers 503 with the
/// offender's name (rules H10, W6).
pub(crate) fn outgoing(headers: &HeaderMap, hop: Hop, end: bool) -> Result<Outgoing, LocalReply> {
    let method = headers.get(b":method");
    let method = method.ok_or_else(|| missing_header(":method"))?;
    for (name, value) in headers.iter() {
        let name_is_sent = name.is_empty() || name.starts_with(b":") || is_header_name(name);
        if !name_is_sent {
            return Err(invalid_header("name", name));
        }
        if !is_header_value(value) {
            return Err(invalid_header("value for", name));
        }
    }
    match hop.http2 {
        true => http2_head(headers),
        false => Ok(Outgoing::Http1(http1_head(headers, method, end))),
    }
}

// With what says how long the body is.
fn http1_head(headers: &HeaderMap, method: &[u8], end: bool) -> HeaderMap {
    let mut head = headers.clone();
    if headers.get(b"content-length").is_some() {
        return head;
    }
    // So that a body is sent with every method. Without one, some methods say so (RFC 9110 section 8.6, rule H12).
    if !end {
        head.add(b"transfer-encoding", b"chunked");
    } else if !BODILESS.contains(&method) {
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
    let (mut head, all) = (headers.clone(), headers.iter());
    for name in OF_CONNECTIONS {
        head.remove(name);
    }
    for (name, value) in
        all.filter(|(name, _)| !name.starts_with(b":") && !OF_CONNECTIONS.contains(name))
    {
        let key = HeaderName::from_bytes(name).map_err(|_| invalid_header("name", name))?;
        let value =
            HeaderValue::from_bytes(value).map_err(|_| invalid_header("value for", name))?;
        request.headers_mut().append(key, value);
    }
    Ok(Outgoing::Http2(head, Box::new(request)))
}

// === impl Outgoing ===

impl Outgoing {
    pub(crate) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Http1(headers) | Self::Http2(headers, _) => headers,
        }
    }
}

fn invalid_header(what: &str, name: &[u8]) -> LocalReply {
    let why = [b"invalid header ", what.as_bytes(), b": ", name].concat();
    LocalReply::of_bad_request(&why)
}

fn missing_header(name: &str) -> LocalReply {
    LocalReply::of_bad_request(format!("missing required header: {name}").as_bytes())
}
