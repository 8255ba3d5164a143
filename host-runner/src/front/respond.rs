//! Responses, between the maps that filters see and hyper's: the upstream's, and what the client gets.

use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper::ext::ReasonPhrase;

use super::body::{Body, full};
use crate::host::header_map::HeaderMap;

/// A status code as filters give them; what HTTP cannot carry becomes 500.
pub(crate) fn status_code(status: u32) -> StatusCode {
    let code = u16::try_from(status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether hyper sends no body with this head: because of its status (RFC 9110 section 6.4.1), or because it cannot be sent.
pub(crate) fn is_bodiless(head: &Response<()>) -> bool {
    let status = head.status();
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    let length = head.headers().get(CONTENT_LENGTH);
    let is_number =
        |length: &HeaderValue| length.to_str().is_ok_and(|it| it.parse::<u64>().is_ok());
    status.is_informational()
        || bodiless.contains(&status)
        || length.is_some_and(|length| !is_number(length))
}

/// A response as hyper read it.
pub(crate) fn response_map(parts: &http::response::Parts) -> HeaderMap {
    let mut map = HeaderMap::response(parts.status.as_str().as_bytes());
    for (name, value) in &parts.headers {
        map.add(name.as_str().as_bytes(), value.as_bytes());
    }
    map
}

/// An upstream's response as filters see it: most of what belongs to its connection only is still there. It `took` that long
/// since the end of the request; none for one that has not ended.
pub(crate) fn from_upstream(mut headers: HeaderMap, took: Option<Duration>) -> HeaderMap {
    headers.remove(b"keep-alive");
    if let Some(took) = took {
        let took = took.as_millis().to_string();
        headers.replace(b"x-envoy-upstream-service-time", took.as_bytes());
    }
    headers
}

/// The response to a call as filters see it, with most of what is about the connection (rule C4).
pub(crate) fn from_callee(mut headers: HeaderMap, took: Option<Duration>) -> HeaderMap {
    headers.remove(b"proxy-connection");
    from_upstream(headers, took)
}

/// Trailers as filters see them.
pub(crate) fn header_map(trailers: &http::HeaderMap) -> HeaderMap {
    let mut map = HeaderMap::default();
    for (name, value) in trailers {
        map.add(name.as_str().as_bytes(), value.as_bytes());
    }
    map
}

/// Whether an HTTP/2 client ends the stream or the connection over one of these, or over a pseudo header where none may
/// be (RFC 9113 section 8.3). Envoy sends what filters made; hyper cannot, so the stream is cut off for the client.
pub(crate) fn is_unreadable(map: &HeaderMap) -> bool {
    let mut pseudo = map.iter().filter(|(name, _)| name.starts_with(b":"));
    pseudo.any(|(name, value)| match name {
        b":status" => StatusCode::from_bytes(value).is_err(),
        b":method" => Method::from_bytes(value).is_err(),
        b":authority" | b":path" | b":scheme" | b":protocol" => std::str::from_utf8(value).is_err(),
        _ => true,
    })
}

/// Trailers as they are sent; what cannot be sent is left out.
pub(crate) fn trailers(map: &HeaderMap) -> http::HeaderMap {
    let pairs = map.iter().filter_map(|(name, value)| {
        Some((
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value).ok()?,
        ))
    });
    pairs.collect()
}

/// The head of a response, or why it cannot be sent.
pub(crate) fn response_head(
    headers: &HeaderMap,
    http1: bool,
) -> Result<Response<()>, &'static str> {
    let status = headers.status();
    let mut response = Response::new(());
    *response.status_mut() = status_code(status.ok_or("missing required header: :status")?);
    // Which Envoy has no name for.
    if response.status() == StatusCode::IM_A_TEAPOT {
        let phrase = ReasonPhrase::from_static(b"Unknown");
        response.extensions_mut().insert(phrase);
    }
    for (name, value) in headers.iter() {
        // As Envoy's HTTP/1 codec writes it.
        let name = match name {
            b":authority" if http1 => b"host",
            name => name,
        };
        if name.starts_with(b":") {
            continue;
        }
        // Envoy lets a line end through here (rule H10); splitting a response is not something to copy.
        let key = HeaderName::from_bytes(name).map_err(|_| "invalid header name")?;
        let value = HeaderValue::from_bytes(value).map_err(|_| "invalid header value")?;
        response.headers_mut().append(key, value);
    }
    Ok(response)
}

/// What the client gets instead of a response that cannot be sent.
pub(crate) fn invalid(what: &str) -> Response<Body> {
    let mut response = Response::new(full(what.into()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
