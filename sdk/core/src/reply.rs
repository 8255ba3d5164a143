//! A response that a filter makes itself, and what becomes of it where the client speaks gRPC.

/// What `proxy_send_local_response` needs. On a gRPC request the host answers 200, with `grpc-status` and the body as
/// `grpc-message` (rule Y6). One that is always the same is better declared as a [`StaticReply`].
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
    /// What a gRPC client gets, 0 to 16; without one the host maps the HTTP status ([`grpc_status`]).
    pub grpc_status: Option<u32>,
}

/// A reply that is declared once, as a constant, with all that belongs to it and what it is for. What cannot be sent, or
/// would be another in access logs, does not compile.
///
/// ```
/// use meshwright_core::StaticReply;
///
/// /// There is no token, and one is needed.
/// const NO_TOKEN: StaticReply = StaticReply::new(401, "no_token")
///     .body("a token is needed")
///     .headers(&[("www-authenticate", "Bearer")])
///     .grpc(16);
/// # let _ = NO_TOKEN;
/// ```
///
/// ```compile_fail
/// # use meshwright_core::StaticReply;
/// const NO_TOKEN: StaticReply = StaticReply::new(401, "no token");
/// # let _ = NO_TOKEN;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaticReply {
    status: u16,
    details: &'static str,
    body: &'static str,
    headers: &'static [(&'static str, &'static str)],
    grpc_status: Option<u32>,
}

/// The highest status of gRPC, `UNAUTHENTICATED`.
pub const LAST_GRPC_STATUS: u32 = 16;

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
            grpc_status: None,
        }
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same reply with another body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same reply with response code details.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// The same reply with what a gRPC client gets.
    #[must_use]
    pub fn with_grpc_status(mut self, status: u32) -> Self {
        self.grpc_status = Some(status);
        self
    }
}

impl From<StaticReply> for LocalReply {
    fn from(reply: StaticReply) -> Self {
        let headers = reply.headers.iter();
        Self {
            status: reply.status,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: reply.body.as_bytes().to_vec(),
            details: reply.details.to_owned(),
            grpc_status: reply.grpc_status,
        }
    }
}

// === impl StaticReply ===

impl StaticReply {
    /// A reply of that status and these response code details, which access logs show: a code that stays, not a sentence.
    ///
    /// # Panics
    /// When the status is none of a final response, or the details are empty or not all visible (rule Y5). In a constant
    /// that does not compile.
    #[must_use]
    pub const fn new(status: u16, details: &'static str) -> Self {
        assert!(200 <= status && status <= 599, "no status of a reply");
        assert!(is_visible(details), "details with white space in them");
        Self {
            status,
            details,
            body: "",
            headers: &[],
            grpc_status: None,
        }
    }

    /// With this text as its body, or as its message to a gRPC client.
    #[must_use]
    pub const fn body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    /// With these headers.
    ///
    /// # Panics
    /// When one cannot be sent (rule H10). In a constant that does not compile.
    #[must_use]
    pub const fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        let mut rest = headers;
        while let [(name, value), others @ ..] = rest {
            assert!(is_visible(name), "no name of a header");
            assert!(is_one_line(value), "a value with a line end in it");
            rest = others;
        }
        self.headers = headers;
        self
    }

    /// With this status for gRPC clients.
    ///
    /// # Panics
    /// When gRPC has no such status. In a constant that does not compile.
    #[must_use]
    pub const fn grpc(mut self, status: u32) -> Self {
        assert!(status <= LAST_GRPC_STATUS, "no status of gRPC");
        self.grpc_status = Some(status);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The response code details.
    #[must_use]
    pub const fn details(&self) -> &'static str {
        self.details
    }
}

const fn is_visible(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        if !first.is_ascii_graphic() {
            return false;
        }
        rest = others;
    }
    !text.is_empty()
}

const fn is_one_line(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        if matches!(first, b'\r' | b'\n' | 0) {
            return false;
        }
        rest = others;
    }
    true
}

// === gRPC ===

/// Whether a request of this `content-type` is gRPC's to a host: what filters reply to it is made one of gRPC (rule Y6).
#[must_use]
pub fn is_grpc(content_type: &[u8]) -> bool {
    match content_type.strip_prefix(b"application/grpc") {
        Some(rest) => rest.is_empty() || rest.starts_with(b"+"),
        None => false,
    }
}

/// A text as the value of `grpc-message`: all but printable ASCII, and `%`, are percent-encoded (gRPC over HTTP/2,
/// "Status-Message").
#[must_use]
pub fn grpc_message(text: &[u8]) -> Vec<u8> {
    let encoded = text.iter().flat_map(|byte| match byte {
        0x20..=0x7e if *byte != b'%' => vec![*byte],
        other => format!("%{other:02X}").into_bytes(),
    });
    encoded.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_reply_has_all_that_was_declared() {
        const REPLY: StaticReply = StaticReply::new(429, "too_many")
            .body("slowly")
            .headers(&[("retry-after", "1")])
            .grpc(8);
        let reply = LocalReply::new(429, "slowly")
            .with_details("too_many")
            .with_header("retry-after", "1")
            .with_grpc_status(8);
        assert_eq!(LocalReply::from(REPLY), reply);
    }

    #[test]
    fn grpc_has_types_of_its_own_that_are_not_all_that_begin_so() {
        assert!(is_grpc(b"application/grpc"));
        assert!(is_grpc(b"application/grpc+json"));
        assert!(!is_grpc(b"application/grpc-web"));
        assert!(!is_grpc(b"application/json"));
    }

    #[test]
    fn messages_of_grpc_are_ascii() {
        assert_eq!(
            grpc_message("50 % \u{e9}\n".as_bytes()),
            b"50 %25 %C3%A9%0A"
        );
    }
}
