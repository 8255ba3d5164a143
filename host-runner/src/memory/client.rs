//! The client's end of a stream: its request as a server reads it, and what it has of the response.

use http::{HeaderMap, HeaderValue, StatusCode, Version, header, request};
use thiserror::Error;

use crate::front::respond;
use crate::host::header_map::HeaderMap as FilterMap;
use crate::scenario::client::{ClientRequest, Protocol, Response};
use crate::upstream::header_list;

/// A whole response, or what there is instead.
pub type Outcome = Result<Response, Broken>;

/// Why there is no whole response.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Broken {
    /// The stream was reset, perhaps after some of a response.
    #[error("the stream was reset")]
    Reset,
    /// The body ended before its content-length.
    #[error("the response body broke off")]
    Short,
    /// The client has left.
    #[error("the client has left")]
    Left,
    /// Nothing more is going to happen, or not in the time that a client waits.
    #[error("no response within 30 seconds")]
    Unanswered,
}

/// The response as it comes.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    head: Option<http::Response<()>>,
    body: Vec<u8>,
    trailers: HeaderMap,
    pub(super) broken: Option<Broken>,
    // Headers of a response that ends with them say so (RFC 9110 section 8.6).
    is_empty: bool,
    to_head: bool,
    pub(super) http1: bool,
}

/// The head as a server's codec has it.
pub(super) fn head(request: &ClientRequest) -> anyhow::Result<request::Parts> {
    let http2 = request.protocol == Protocol::Http2;
    let whole = request.clone();
    let whole = match http2 {
        true => whole.into_http2()?,
        false => whole.into_http1()?,
    };
    let (mut parts, ..) = whole.into_parts();
    if http2 {
        parts.version = Version::HTTP_2;
    }
    // White space around a value is no part of it (RFC 9110 section 5.5).
    for value in parts.headers.values_mut() {
        *value = HeaderValue::from_bytes(value.as_bytes().trim_ascii())?;
    }
    let says_length = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| parts.headers.contains_key(name));
    // As clients do that know the whole body.
    if !request.body.is_empty() && !says_length {
        let length = request.body.len().into();
        parts.headers.insert(header::CONTENT_LENGTH, length);
    }
    Ok(parts)
}

/// The trailers of a request as filters see them; those of HTTP/1 pass only where they are asked for (rule L12).
pub(super) fn trailers(request: &ClientRequest, pass: bool) -> Option<FilterMap> {
    let pass = pass || request.protocol == Protocol::Http2;
    let pairs = request.trailers.iter().cloned().collect::<HeaderMap>();
    (pass && !pairs.is_empty()).then(|| respond::header_map(&pairs))
}

// === impl Gathered ===

impl Gathered {
    pub(super) fn of(request: &request::Parts) -> Self {
        Self {
            to_head: request.method == http::Method::HEAD,
            http1: request.version < Version::HTTP_2,
            ..Self::default()
        }
    }

    /// The head, and whether it is all.
    pub(super) fn begin(&mut self, headers: &FilterMap, end: bool) {
        if !self.http1 && respond::is_unreadable(headers) {
            self.broken = Some(Broken::Reset);
        }
        match respond::response_head(headers, self.http1) {
            Ok(head) => self.head = Some(head),
            Err(what) => {
                self.body = what.into();
                let mut head = http::Response::new(());
                *head.status_mut() = StatusCode::BAD_GATEWAY;
                self.head = Some(head);
            }
        }
        self.is_empty = end;
    }

    pub(super) fn data(&mut self, bytes: &[u8]) {
        self.body.extend(bytes);
    }

    /// Those of HTTP/1 pass only where they are asked for (rule L12).
    pub(super) fn trailers(&mut self, trailers: &FilterMap, pass: bool) {
        if !self.http1 && respond::is_unreadable(trailers) {
            self.broken = Some(Broken::Reset);
        }
        if pass || !self.http1 {
            self.trailers = respond::trailers(trailers);
        }
    }

    pub(super) fn finish(mut self) -> Outcome {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let mut head = self.head.take().ok_or(Broken::Reset)?;
        let bodiless = self.to_head || respond::is_bodiless(&head);
        let headers = head.headers_mut();
        if bodiless {
            self.body.clear();
        } else if let Some(length) = content_length(headers) {
            match self.body.len().cmp(&length) {
                std::cmp::Ordering::Less => return Err(Broken::Short),
                _ => self.body.truncate(length),
            }
        } else if self.http1 && self.is_empty {
            headers.insert(header::CONTENT_LENGTH, 0.into());
        }
        Ok(Response {
            status: head.status().as_u16(),
            headers: header_list(head.headers()),
            body: self.body,
            trailers: header_list(&self.trailers),
        })
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// A response that the engine has no part in.
pub(super) fn whole(response: http::Response<&str>, version: Version) -> Response {
    let (mut head, body) = response.into_parts();
    if version < Version::HTTP_2 || !body.is_empty() {
        head.headers
            .insert(header::CONTENT_LENGTH, body.len().into());
    }
    Response {
        status: head.status.as_u16(),
        headers: header_list(&head.headers),
        body: body.into(),
        trailers: Vec::new(),
    }
}
