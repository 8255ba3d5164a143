//! In-process upstreams, in HTTP/1.1 and HTTP/2: what a request looks like when it has passed the filters.
//! One kind records and answers as a scenario scripts it; the other shows people where their request went.

mod demo;
mod recording;
mod reply;
mod talking;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::front::body::{Announced, Body, Cut, channel, full};
use crate::front::gate::Gate;
use crate::front::respond;
use crate::host::faults::Fault;
use crate::host::grpc::frames;
use crate::host::header_map::HeaderMap as FilterMap;

pub use self::demo::demo;
pub use self::recording::{Answer, GrpcAnswer, Recording};
pub use self::reply::Reply;
pub(crate) use self::talking::Talking;

/// A request as an upstream received it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The cluster it was sent to.
    pub cluster: String,
    /// Request method.
    pub method: String,
    /// Path and query, as on the request line.
    pub path: String,
    /// The `host` header, which is `:authority` in HTTP/1.1.
    pub authority: Vec<u8>,
    /// All other headers, repeats kept in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// The messages of a gRPC call.
    pub messages: Vec<Vec<u8>>,
    /// Trailers after the body.
    pub trailers: Vec<(String, Vec<u8>)>,
}

/// A running upstream; it ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Answers received requests.
pub type Responder = Arc<dyn Fn(Received) -> Reply + Send + Sync>;

// === impl Upstream ===

impl Upstream {
    /// Serves `cluster` on `address` (port 0: any free one). Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(
        cluster: &str,
        address: SocketAddr,
        responder: Responder,
    ) -> anyhow::Result<Self> {
        let listener = bind(cluster, address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, cluster.to_owned(), responder)),
        })
    }

    /// Sends whatever a connection says back to it, as `cluster` on `address`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn echo(cluster: &str, address: SocketAddr) -> anyhow::Result<Self> {
        let listener = bind(cluster, address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(echo(listener)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Received ===

impl Received {
    async fn read(cluster: &str, request: Request<Incoming>) -> hyper::Result<Self> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().map(header_list).unwrap_or_default();
        Ok(Self::new(
            cluster,
            &request_map(&head),
            (body.to_bytes(), trailers),
        ))
    }

    pub(crate) fn new(
        cluster: &str,
        head: &FilterMap,
        (body, trailers): (Bytes, Vec<(String, Vec<u8>)>),
    ) -> Self {
        let text = |name| String::from_utf8_lossy(name).into_owned();
        let part = |name| head.get(name).unwrap_or_default();
        let headers = head.iter().filter(|(name, _)| !name.starts_with(b":"));
        let is_grpc = part(b"content-type").starts_with(b"application/grpc");
        let messages = is_grpc.then(|| frames::all(&body)).flatten();
        Self {
            cluster: cluster.to_owned(),
            method: text(part(b":method")),
            path: text(part(b":path")),
            authority: part(b":authority").to_vec(),
            headers: headers
                .map(|(name, value)| (text(name), value.to_vec()))
                .collect(),
            body: body.to_vec(),
            messages: messages.unwrap_or_default(),
            trailers,
        }
    }
}

/// A request's head as hyper has it, its host among the pseudo headers.
pub(crate) fn request_map(head: &request::Parts) -> FilterMap {
    let mut map = FilterMap::default();
    map.add(b":method", head.method.as_str().as_bytes());
    if let Some(path) = head.uri.path_and_query() {
        map.add(b":path", path.as_str().as_bytes());
    }
    if let Some(authority) = head.uri.authority() {
        map.add(b":authority", authority.as_str().as_bytes());
    }
    for (name, value) in &head.headers {
        match name.as_str() {
            "host" => map.set(b":authority", value.as_bytes()),
            name => map.add(name.as_bytes(), value.as_bytes()),
        }
    }
    map
}

/// Names and values in order; the values of one name stay in theirs.
#[must_use]
pub fn header_list(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let pairs = headers.iter();
    pairs
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect()
}

async fn bind(cluster: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address} for the cluster `{cluster}`"))
}

async fn echo(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (mut said, mut answer) = stream.split();
            // One that breaks off wants no answer.
            let _ = tokio::io::copy(&mut said, &mut answer).await;
        });
    }
}

async fn accept(listener: TcpListener, cluster: String, responder: Responder) {
    let cluster: Arc<str> = cluster.into();
    // An accept error (out of descriptors) would repeat at once; ending is the answer that shows.
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&cluster), Arc::clone(&responder)));
    }
}

async fn serve(stream: TcpStream, cluster: Arc<str>, responder: Responder) {
    let service = service_fn(move |request| {
        let (cluster, responder) = (Arc::clone(&cluster), Arc::clone(&responder));
        async move { respond(&cluster, &responder, request).await }
    });
    // A connection that breaks off is the proxy's business: it shows as a missing or failed response there.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    cluster: &str,
    responder: &Responder,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let received = Received::read(cluster, request).await;
    let reply = responder(received.map_err(|_| Cut)?);
    // A timer rounds up to its millisecond, even that of no time at all.
    if !reply.after.is_zero() {
        tokio::time::sleep(reply.after).await;
    }
    let (parts, bytes) = reply.response.into_parts();
    let trailers = reply.trailers;
    let whole = |parts, bytes: Bytes| {
        let body = match trailers.is_empty() {
            true => full(bytes.into()),
            false => with_trailers(bytes, trailers),
        };
        Response::from_parts(parts, body)
    };
    match reply.fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Reset | Fault::ConnectionRefused | Fault::RefusedDispatch) => Err(Cut),
        Some(Fault::ResetInBody) => Ok(Response::from_parts(parts, half(&bytes))),
        Some(Fault::Slow(by)) => {
            tokio::time::sleep(by).await;
            Ok(whole(parts, bytes))
        }
        Some(Fault::Status(status)) => {
            let mut response = Response::new(full(Vec::new()));
            *response.status_mut() = respond::status_code(status.into());
            Ok(response)
        }
        // These are about how a host answers its filter.
        Some(Fault::Twice | Fault::UnknownToken) | None => Ok(whole(parts, bytes)),
    }
}

fn with_trailers(bytes: Bytes, trailers: HeaderMap) -> Body {
    let (sender, body) = channel(Arc::<Gate>::default(), Announced::default(), ());
    sender.data(bytes.into(), false);
    sender.trailers(trailers);
    body
}

// Half of a body, and then nothing more.
fn half(bytes: &Bytes) -> Body {
    let (sender, body) = channel(Arc::<Gate>::default(), Announced::default(), ());
    sender.data(bytes.slice(..bytes.len().div_ceil(2)).into(), false);
    sender.cut();
    body
}

#[cfg(test)]
mod tests;
