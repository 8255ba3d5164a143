//! A response that a filter makes itself.

/// What `proxy_send_local_response` needs. On a gRPC request the host answers 200 with `grpc-status` mapped from
/// `status` and the body as `grpc-message` (rule W7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReply {
    /// HTTP status code.
    pub status: u16,
    /// Headers beside `content-type: text/plain` and `content-length`, which the host adds.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body bytes.
    pub body: Vec<u8>,
    /// Response code details for access logs; hosts turn white space into `_`.
    pub details: String,
}

// === impl LocalReply ===

impl LocalReply {
    /// A reply with a text body, no extra headers, and no details.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            details: String::new(),
        }
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same reply with response code details.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }
}

/// The status of gRPC that a client takes an HTTP status for, and hosts answer gRPC requests in its place (rule Y6): the
/// mapping of gRPC's `doc/http-grpc-status-mapping.md`.
#[must_use]
pub fn grpc_status(http: u32) -> u32 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}
