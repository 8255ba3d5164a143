//! What a test sends, what is answered, and what came of it.

use std::time::Duration;

use serde::Deserialize;

/// A request that a test sends.
#[must_use = "it is sent by `send`"]
#[derive(Debug, Clone)]
pub struct ClientRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) authority: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) is_http2: bool,
}

/// What an upstream or a called cluster answers.
#[must_use = "it is answered where it is given"]
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) after: Duration,
    pub(super) fault: Option<Fault>,
    pub(super) grpc: Option<GrpcAnswer>,
}

/// What a gRPC call or stream is answered.
#[derive(Debug, Clone)]
pub(super) struct GrpcAnswer {
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) code: u32,
    pub(super) text: String,
}

/// How a cluster fails to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens there.
    Refused,
    /// There is no answer.
    Silent,
    /// The connection is closed before the answer.
    Reset,
}

/// What came of a request.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    /// What the client got.
    pub response: Response,
    /// The requests that reached the upstream: one, or none.
    pub upstream: Vec<Received>,
    /// The calls of the filter that reached a cluster.
    pub calls: Vec<Received>,
    /// What the filter logged.
    pub logs: Vec<LogLine>,
}

/// A response as the client got it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers in order; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: String,
    /// Trailers in order, which only a client of HTTP/2 gets.
    #[serde(default)]
    pub trailers: Vec<(String, String)>,
}

/// A request as an upstream got it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Received {
    /// The cluster it was sent to.
    pub cluster: String,
    /// Request method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// `:authority`, or `host`.
    pub authority: String,
    /// All other headers in order; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The whole body; that of a gRPC call is in `messages`.
    pub body: String,
    /// The messages of a gRPC call or stream.
    #[serde(default)]
    pub messages: Vec<Vec<u8>>,
}

/// A line that a filter logged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogLine {
    /// Lower case: `trace`, `debug`, `info`, `warn`, `error` or `critical`.
    pub level: String,
    /// The line.
    pub message: String,
}

// === impl ClientRequest ===

impl ClientRequest {
    /// A `GET` of a path, with its query.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// A `POST` of a body to a path.
    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..Self::new("POST", path)
        }
    }

    /// A request of any method, to `example.com`.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            authority: "example.com".to_owned(),
            headers: Vec::new(),
            body: String::new(),
            is_http2: false,
        }
    }

    /// In HTTP/2, which has trailers.
    pub fn http2(mut self) -> Self {
        self.is_http2 = true;
        self
    }

    /// With this host.
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = authority.into();
        self
    }

    /// With one more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

// === impl Reply ===

impl Reply {
    /// This status, and no body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            after: Duration::ZERO,
            fault: None,
            grpc: None,
        }
    }

    /// The answer to a gRPC call, an encoded message; or the only one to a stream, when that is finished.
    pub fn grpc(message: impl Into<Vec<u8>>) -> Self {
        Self::grpc_stream([message.into()])
    }

    /// The answers to a gRPC stream, when that is finished.
    pub fn grpc_stream(messages: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            grpc: Some(GrpcAnswer {
                messages: messages.into_iter().collect(),
                code: 0,
                text: String::new(),
            }),
            ..Self::new(200)
        }
    }

    /// A gRPC call that ends with this status, and no message.
    pub fn grpc_status(code: u32, message: impl Into<String>) -> Self {
        Self {
            grpc: Some(GrpcAnswer {
                messages: Vec::new(),
                code,
                text: message.into(),
            }),
            ..Self::new(200)
        }
    }

    /// No answer.
    pub fn fault(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::new(200)
        }
    }

    /// With one more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// After that time.
    pub fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }
}

// === impl Exchange ===

impl Exchange {
    /// The request that reached the upstream.
    ///
    /// # Panics
    /// When none did, or several.
    #[must_use]
    #[expect(clippy::panic, reason = "a test fails by it")]
    pub fn upstream(&self) -> &Received {
        match self.upstream.as_slice() {
            [received] => received,
            others => panic!("{} requests reached the upstream: {self:#?}", others.len()),
        }
    }

    /// Whether a line with that text in it was logged.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        self.logs.iter().any(|line| line.message.contains(text))
    }
}

impl Response {
    /// The first value of a trailer.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&str> {
        first(&self.trailers, name)
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

impl Received {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut headers = headers.iter();
    let found = headers.find(|(it, _)| it.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
