//! The upstreams' end: requests as they arrive there, and what is answered.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::front::forward::Outgoing;
use crate::front::respond;
use crate::host::faults::Fault;
use crate::host::header_map::HeaderMap as FilterMap;
use crate::upstream::{Received, Reply, Responder, header_list, request_map};

/// A cluster in memory: what it is called, and who answers.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) name: String,
    pub(crate) responder: Responder,
}

/// A request on its way to a cluster.
pub(super) struct Exchange {
    pub(super) backend: Option<Backend>,
    pub(super) http2: bool,
    head: FilterMap,
    pub(super) body: Vec<u8>,
    pub(super) trailers: HeaderMap,
}

// === impl Exchange ===

impl Exchange {
    pub(super) fn new(request: Outgoing, backend: Option<Backend>, http2: bool) -> Self {
        Self {
            backend,
            http2,
            head: match request {
                Outgoing::Http1(headers) => headers,
                Outgoing::Http2(request) => request_map(&request.into_parts().0),
            },
            body: Vec::new(),
            trailers: HeaderMap::new(),
        }
    }

    pub(super) fn to_head(&self) -> bool {
        self.head.get(b":method") == Some(b"HEAD")
    }

    /// What is answered, now that all of it has arrived. A cluster that nobody answers for is not there.
    pub(super) fn answer(self, now: std::time::SystemTime) -> Reply {
        let to_head = self.to_head();
        let Some(backend) = self.backend else {
            return Reply::from(Fault::ConnectionRefused);
        };
        let received = Received::new(
            &backend.name,
            &self.head,
            (self.body.into(), header_list(&self.trailers)),
        );
        let mut reply = (backend.responder)(received);
        complete(&mut reply.response, now);
        if to_head {
            *reply.response.body_mut() = Bytes::new();
        }
        if self.http2 {
            *reply.response.version_mut() = Version::HTTP_2;
        }
        reply
    }
}

// As an HTTP server does.
fn complete(response: &mut Response<Bytes>, now: std::time::SystemTime) {
    let status = response.status();
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    let length = response.body().len();
    let headers = response.headers_mut();
    if !bodiless && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let instant = Timestamp::try_from(now).unwrap_or_default();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&instant);
    if let Some(date) = date.ok().and_then(|it| HeaderValue::from_str(&it).ok()) {
        headers.entry(DATE).or_insert(date);
    }
    if bodiless {
        *response.body_mut() = Bytes::new();
    }
}

/// Head, body, and the trailers if they pass.
pub(super) fn parts_of(reply: Reply, pass_trailers: bool) -> (FilterMap, Bytes, Option<FilterMap>) {
    let (parts, body) = reply.response.into_parts();
    let pass = pass_trailers || parts.version >= Version::HTTP_2;
    let trailers =
        (pass && !reply.trailers.is_empty()).then(|| respond::header_map(&reply.trailers));
    (respond::response_map(&parts), body, trailers)
}
