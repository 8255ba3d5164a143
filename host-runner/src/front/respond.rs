//! Responses to the client: the upstream's, through the filters as it streams, and those made here.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};

use super::body::{Body, BodySender, Cut, channel, full, unsized_body};
use super::hop_by_hop::HopByHop;
use super::live::Live;
use crate::host::exchange::ResponseStep;
use crate::host::header_map::HeaderMap;
use crate::host::reply;
use crate::host::stream::PendingReply;

/// A response that a filter or the proxy made; its headers are in the stream.
pub(crate) fn local(live: &Live, body: Vec<u8>) -> Response<Body> {
    let head = live.stage(|exchange, _| response_head(&exchange.stream.response_headers));
    match head {
        Some(Ok(head)) => {
            let body = match head.headers().contains_key(CONTENT_LENGTH) {
                true => full(body),
                false => unsized_body(body),
            };
            head.map(|()| body)
        }
        Some(Err(invalid)) => invalid_response(live, invalid),
        None => status_only(500),
    }
}

// The filters have had their say: none of them sees this one (rule H9).
fn invalid_response(live: &Live, reply: PendingReply) -> Response<Body> {
    let head = live.stage(|exchange, _| {
        let body = reply::begin(&mut exchange.stream, reply);
        response_head(&exchange.stream.response_headers).map(|head| head.map(|()| full(body)))
    });
    match head {
        Some(Ok(response)) => response,
        _ => status_only(502),
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

pub(crate) fn status_only(status: u32) -> Response<Body> {
    let mut response = Response::new(full(Vec::new()));
    *response.status_mut() = status_code(status);
    response
}

/// The upstream's response, through the filters.
pub(crate) fn downstream_response(
    live: Arc<Live>,
    response: Response<Incoming>,
    took: Duration,
) -> Response<Body> {
    let (parts, incoming) = response.into_parts();
    let end = incoming.is_end_stream();
    let step = live.stage(|exchange, worker| {
        exchange.stream.response_headers = upstream_headers(&parts, took);
        exchange.stream.details = "via_upstream".to_owned();
        exchange.response_headers(worker, end)
    });
    match step {
        Some(ResponseStep::Forward) => {}
        Some(ResponseStep::Replace(body)) => return local(&live, body),
        None => return status_only(500),
    }
    let head = live.stage(|exchange, _| response_head(&exchange.stream.response_headers));
    let head = match head {
        Some(Ok(head)) => head,
        Some(Err(invalid)) => return invalid_response(&live, invalid),
        None => return status_only(500),
    };
    if end {
        return head.map(|()| full(Vec::new()));
    }
    let (sender, body) = channel();
    tokio::spawn(pump_response(live, incoming, sender));
    head.map(|()| body)
}

fn upstream_headers(parts: &http::response::Parts, took: Duration) -> HeaderMap {
    let mut map = HeaderMap::response(parts.status.as_str().as_bytes());
    let hop_by_hop = HopByHop::default();
    for (name, value) in &parts.headers {
        if !hop_by_hop.contains(name.as_str()) {
            map.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    map.replace(
        b"x-envoy-upstream-service-time",
        took.as_millis().to_string().as_bytes(),
    );
    map
}

fn response_head(headers: &HeaderMap) -> Result<Response<()>, PendingReply> {
    let status = headers
        .get(b":status")
        .and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    let mut response = Response::new(());
    *response.status_mut() =
        status_code(status.ok_or_else(|| unusable("missing required header: :status"))?);
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        // Envoy lets a line end through here (rule H10); splitting a response is not something to copy.
        let key = HeaderName::from_bytes(name).map_err(|_| unusable("invalid header name"))?;
        let value = HeaderValue::from_bytes(value).map_err(|_| unusable("invalid header value"))?;
        response.headers_mut().append(key, value);
    }
    response
        .headers_mut()
        .insert("server", HeaderValue::from_static("host-runner"));
    Ok(response)
}

fn unusable(body: &str) -> PendingReply {
    PendingReply::of_proxy(502, body, "filter_removed_required_response_headers")
}

async fn pump_response(live: Arc<Live>, mut incoming: Incoming, sender: BodySender) {
    loop {
        let data = match incoming.frame().await {
            Some(Ok(frame)) => frame.into_data().ok().map(Vec::from),
            None => None,
            Some(Err(_)) => return drop(sender.send(Err(Cut)).await),
        };
        // Trailers end the body and are dropped: the upstream speaks HTTP/1 without them (rule L12).
        let end = data.is_none() || incoming.is_end_stream();
        let Some(through) = pass(&live, data, end) else {
            return drop(sender.send(Err(Cut)).await);
        };
        if end {
            // So that the filters have logged when the client has the whole response.
            drop(live);
            return drop(sender.send(Ok(Frame::data(through.into()))).await);
        }
        if !through.is_empty() && sender.send(Ok(Frame::data(through.into()))).await.is_err() {
            return;
        }
    }
}

// The upstream speaks HTTP/1, whose bodies end with an empty call (rule L8).
fn pass(live: &Live, data: Option<Vec<u8>>, end: bool) -> Option<Vec<u8>> {
    live.stage(|exchange, worker| {
        let mut through = match data {
            Some(data) => exchange.response_body(worker, data, false)?,
            None => Vec::new(),
        };
        if end {
            through.extend(exchange.response_body(worker, Vec::new(), true)?);
        }
        Some(through)
    })
    .flatten()
}
