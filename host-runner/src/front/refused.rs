//! Requests that are refused before any filter sees them, with the answers of Envoy's codec and connection manager.

use http::header::{CONNECTION, CONTENT_TYPE, SERVER};
use http::{HeaderValue, Response, Version};

use super::respond::status_code;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::stream::SERVER_NAME;

/// Why a request is refused: what the client gets, and what filters log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    status: u32,
    body: &'static str,
    /// Response code details.
    details: &'static str,
    /// Whether its headers were never passed on from the codec.
    by_codec: bool,
    /// Whether the connection takes another request.
    pub(crate) keeps: bool,
}

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) why: Refused,
    /// Its headers as filters log them, if they came to the connection manager (rule P1).
    pub(crate) headers: Option<HeaderMap>,
}

// === impl Refused ===

impl Refused {
    /// It says no host.
    pub(crate) const NO_HOST: Self = Self::by_manager("missing_host_header");
    /// Its path cannot be normalised.
    pub(crate) const PATH: Self = Self::by_manager("path_normalization_failed");
    /// The codec does not take it.
    pub(crate) const MALFORMED: Self = Self::by_codec(400, "Bad Request", "http1.codec_error");
    /// It has a control character.
    pub(crate) const CHARACTERS: Self =
        Self::by_codec(400, "Bad Request", "http1.invalid_characters");
    /// It says how long it is, and that it comes in chunks.
    pub(crate) const LENGTH_AND_CHUNKS: Self = Self::by_codec(
        400,
        "Bad Request",
        "http1.content_length_and_chunked_not_allowed",
    );
    /// Its target is none for its method.
    pub(crate) const URL: Self = Self::by_codec(400, "Bad Request", "http1.invalid_url");
    /// `OPTIONS *`: it has no path that a route could match.
    pub(crate) const NO_PATH: Self = Self {
        status: 404,
        keeps: true,
        ..Self::by_manager("absolute_path_rejected")
    };
    /// It asks for another protocol.
    pub(crate) const UPGRADE: Self = Self {
        status: 403,
        ..Self::by_manager("upgrade_failed")
    };
    /// Its host has bytes in it that no host has.
    pub(crate) const AUTHORITY: Self = Self::by_codec(400, "Bad Request", "http.invalid_authority");
    /// It asks for a scheme that is not of HTTP.
    pub(crate) const OTHER_SCHEME: Self =
        Self::by_codec(400, "Bad Request", "http1.invalid_scheme");
    /// It asks for `https` on a connection without TLS.
    pub(crate) const SCHEME: Self =
        Self::by_codec(403, "Forbidden", "http1.https_url_on_plaintext_connection");
    /// HTTP/1.0.
    pub(crate) const OLD_PROTOCOL: Self = Self::by_codec(426, "Upgrade Required", "low_version");
    /// The headers are larger than Envoy's default limit.
    pub(crate) const TOO_LARGE: Self = Self::by_codec(
        431,
        "Request Header Fields Too Large",
        "http1.headers_too_large",
    );
    /// A transfer coding other than `chunked`.
    pub(crate) const TRANSFER_CODING: Self =
        Self::by_codec(501, "Not Implemented", "http1.invalid_transfer_encoding");

    const fn by_codec(status: u32, body: &'static str, details: &'static str) -> Self {
        Self {
            status,
            body,
            details,
            by_codec: true,
            keeps: false,
        }
    }

    const fn by_manager(details: &'static str) -> Self {
        Self {
            status: 400,
            body: "",
            details,
            by_codec: false,
            keeps: false,
        }
    }

    /// Whether the codec has passed its headers on.
    pub(crate) fn comes_to_manager(self) -> bool {
        !self.by_codec
    }

    /// The reply as filters log it (rule P1).
    pub(crate) fn reply(self) -> LocalReply {
        LocalReply::of_proxy(self.status, self.body, self.details)
    }

    pub(crate) fn response(self, version: Version) -> Response<&'static str> {
        let mut response = Response::new(self.body);
        *response.status_mut() = status_code(self.status);
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static(SERVER_NAME));
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        }
        if version < Version::HTTP_2 && !self.keeps {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
