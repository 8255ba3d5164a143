//! The client of a scenario: one request on a fresh connection, in HTTP/1.1 or HTTP/2 with prior knowledge.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

pub use super::model::Protocol;
use super::run::DEFAULT_AUTHORITY;
use crate::upstream::header_list;

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    /// How it is sent.
    pub protocol: Protocol,
    /// Request method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// `host` in HTTP/1.1, `:authority` in HTTP/2.
    pub authority: String,
    /// Headers in order; names may repeat.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty means none.
    pub body: Bytes,
    /// Trailers (HTTP/2 only).
    pub trailers: Vec<(HeaderName, HeaderValue)>,
}

/// The whole response as the client received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers, repeats kept in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Trailers after the body.
    pub trailers: Vec<(String, Vec<u8>)>,
}

pub(crate) type Body = BoxBody<Bytes, std::convert::Infallible>;

/// Long enough for a proxy on a busy machine, short enough that a request that hangs is told from one that is slow.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends one request and reads the whole response.
///
/// # Errors
/// When the request cannot be written, or no whole response arrives within 30 seconds.
pub async fn send(address: SocketAddr, request: ClientRequest) -> anyhow::Result<Response> {
    let response = tokio::time::timeout(TIMEOUT, exchange(address, request)).await;
    response.with_context(|| {
        format!(
            "no response from {address} within {} seconds",
            TIMEOUT.as_secs()
        )
    })?
}

async fn exchange(address: SocketAddr, request: ClientRequest) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let io = TokioIo::new(stream);
    let (response, driving) = match request.protocol {
        Protocol::Http1 => {
            let (mut sender, connection) = http1::handshake(io).await?;
            let driving = tokio::spawn(async move { drop(connection.await) });
            (sender.send_request(request.into_http1()?).await?, driving)
        }
        Protocol::Http2 => {
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            let driving = tokio::spawn(async move { drop(connection.await) });
            (sender.send_request(request.into_http2()?).await?, driving)
        }
    };
    let response = Response::read(response).await;
    // So that the connection is closed before anything else happens.
    driving.abort();
    let _ = driving.await;
    response
}

// === impl ClientRequest ===

impl ClientRequest {
    /// A GET over HTTP/1.1 to `example.com`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self {
            protocol: Protocol::Http1,
            method: Method::GET,
            path: path.to_owned(),
            authority: DEFAULT_AUTHORITY.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            trailers: Vec::new(),
        }
    }

    /// A POST over HTTP/1.1 to `example.com`.
    #[must_use]
    pub fn post(path: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            ..Self::get(path)
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same over HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.protocol = Protocol::Http2;
        self
    }

    pub(crate) fn into_http1(self) -> anyhow::Result<Request<Body>> {
        let host = HeaderValue::from_str(&self.authority);
        let host =
            host.with_context(|| format!("`{}` cannot be sent as `host`", self.authority))?;
        let uri = parse_path(&self.path)?;
        self.into_request(uri, Some(host))
    }

    pub(crate) fn into_http2(self) -> anyhow::Result<Request<Body>> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(parse_path(&self.path)?.to_string());
        let uri = uri
            .build()
            .with_context(|| format!("`{}` cannot be sent as `:authority`", self.authority))?;
        self.into_request(uri, None)
    }

    fn into_request(self, uri: Uri, host: Option<HeaderValue>) -> anyhow::Result<Request<Body>> {
        let mut request = Request::new(body(self.body, self.trailers));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        let host = host.map(|host| (header::HOST, host));
        request.headers_mut().extend(host);
        append(request.headers_mut(), self.headers);
        Ok(request)
    }
}

/// The path as a URI. `Uri` drops what follows `#`; sending another request than was asked for is no option.
pub(crate) fn parse_path(path: &str) -> anyhow::Result<Uri> {
    let uri = path
        .parse::<Uri>()
        .with_context(|| format!("`{path}` cannot be sent as a path"))?;
    let parsed = uri.path_and_query().map(PathAndQuery::as_str);
    if parsed != Some(path) || uri.authority().is_some() {
        bail!("`{path}` cannot be sent as a path");
    }
    Ok(uri)
}

fn body(bytes: Bytes, trailers: Vec<(HeaderName, HeaderValue)>) -> Body {
    let body = Full::new(bytes);
    if trailers.is_empty() {
        return body.boxed();
    }
    let mut map = HeaderMap::new();
    append(&mut map, trailers);
    body.with_trailers(std::future::ready(Some(Ok(map))))
        .boxed()
}

fn append(map: &mut HeaderMap, pairs: Vec<(HeaderName, HeaderValue)>) {
    for (name, value) in pairs {
        map.append(name, value);
    }
}

// === impl Response ===

impl Response {
    async fn read(response: hyper::Response<Incoming>) -> anyhow::Result<Self> {
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .context("the response body broke off")?;
        let trailers = body.trailers().map(header_list).unwrap_or_default();
        Ok(Self {
            status: head.status.as_u16(),
            headers: header_list(&head.headers),
            body: body.to_bytes().to_vec(),
            trailers,
        })
    }
}
