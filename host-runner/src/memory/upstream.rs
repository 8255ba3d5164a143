//! The upstreams' end: requests as they arrive there, and what is answered.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::front::respond;
use crate::host::faults::Fault;
use crate::host::header_map::HeaderMap as FilterMap;
use crate::upstream::{Received, Reply, Responder, header_list};

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
    head: Request<()>,
    pub(super) body: Vec<u8>,
    pub(super) trailers: HeaderMap,
}

/// A body that is there, or is not, for those who need to know only that.
pub(super) struct Presence(pub(super) bool);

// === impl Exchange ===

impl Exchange {
    pub(super) fn new(request: Request<Presence>, backend: Option<Backend>, http2: bool) -> Self {
        Self {
            backend,
            http2,
            head: request.map(|_| ()),
            body: Vec::new(),
            trailers: HeaderMap::new(),
        }
    }

    pub(super) fn to_head(&self) -> bool {
        self.head.method() == Method::HEAD
    }

    /// What is answered, now that all of it has arrived. A cluster that nobody answers for is not there.
    pub(super) fn answer(self, now: std::time::SystemTime) -> Reply {
        let to_head = self.to_head();
        let Some(backend) = self.backend else {
            return Reply::from(Fault::ConnectionRefused);
        };
        let (mut head, ()) = self.head.into_parts();
        // There, only the path is said in the request line.
        if !self.http2
            && let Some(path) = head.uri.path_and_query()
        {
            head.uri = path.clone().into();
        }
        let received = Received::new(
            &backend.name,
            &head,
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
pub(super) fn parts_of(
    reply: Reply,
    pass_trailers: bool,
) -> (response::Parts, Bytes, Option<FilterMap>) {
    let (parts, body) = reply.response.into_parts();
    let pass = pass_trailers || parts.version >= Version::HTTP_2;
    let trailers =
        (pass && !reply.trailers.is_empty()).then(|| respond::header_map(&reply.trailers));
    (parts, body, trailers)
}

// === impl Presence ===

impl hyper::body::Body for Presence {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        !self.0
    }
}
