//! Requests that are refused before any filter sees them, with the answers of Envoy's codec and connection manager.

use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, Version};

use super::body::{Body, full};
use super::respond::status_code;

/// Why a request is refused: what the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    status: u32,
    body: &'static str,
}

// === impl Refused ===

impl Refused {
    /// The request cannot be normalised, or says no host.
    pub(crate) const UNUSABLE: Self = Self::new(400, "");
    /// The codec does not take it.
    pub(crate) const MALFORMED: Self = Self::new(400, "Bad Request");
    /// It asks for `https` on a connection without TLS.
    pub(crate) const SCHEME: Self = Self::new(403, "Forbidden");
    /// HTTP/1.0.
    pub(crate) const OLD_PROTOCOL: Self = Self::new(426, "Upgrade Required");
    /// The headers are larger than Envoy's default limit.
    pub(crate) const TOO_LARGE: Self = Self::new(431, "Request Header Fields Too Large");
    /// A transfer coding other than `chunked`.
    pub(crate) const TRANSFER_CODING: Self = Self::new(501, "Not Implemented");

    const fn new(status: u32, body: &'static str) -> Self {
        Self { status, body }
    }

    pub(crate) fn response(self, version: Version) -> Response<Body> {
        let mut response = Response::new(full(self.body.into()));
        *response.status_mut() = status_code(self.status);
        let headers = response.headers_mut();
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        }
        if version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
