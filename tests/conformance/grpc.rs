//! HTTP/2 in scripts: a gRPC server that answers as a script says, and the client of scripts that ask for HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2 as client_http2;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::observe::{Notes, shorten};
use super::script::{ClientStep, GrpcAnswer};
use super::stage::{CurrentHost, Host, PATIENCE};

/// A running gRPC server; it ends when this is dropped.
#[derive(Debug)]
pub struct GrpcServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
struct Serving {
    notes: Notes,
    answer: GrpcAnswer,
    host: CurrentHost,
    plugins: Vec<String>,
}

type Body = Channel<Bytes, std::io::Error>;

// === impl GrpcServer ===

impl GrpcServer {
    /// Starts it on any free port of the loopback address, inside a tokio runtime.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(
        notes: Notes,
        answer: Option<GrpcAnswer>,
        (host, plugins): (&CurrentHost, &[String]),
    ) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let answer = answer.unwrap_or_default();
        let serving = Serving {
            notes,
            answer,
            host: host.clone(),
            plugins: plugins.to_vec(),
        };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let serving = serving.clone();
                let service = service_fn(move |request| {
                    let serving = serving.clone();
                    async move { serving.call(request).await }
                });
                let connection = http2::Builder::new(TokioExecutor::new());
                let connection = connection.serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move {
                    let _ = connection.await;
                });
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for GrpcServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Serving ===

impl Serving {
    // Answers at once with its metadata; the messages follow when the first message, or the end, of the call has come.
    async fn call(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let (sender, body) = Channel::new(16);
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        append(headers, &self.answer.metadata);
        tokio::spawn(async move { self.messages(request, sender).await });
        Ok(response)
    }

    async fn messages(self, request: Request<Incoming>, mut sender: Sender<Bytes, std::io::Error>) {
        let (parts, mut incoming) = request.into_parts();
        self.notes
            .add(format!("grpc> {} {}", parts.method, parts.uri.path()));
        let mut headers: Vec<_> = parts.headers.iter().collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in headers {
            self.notes
                .add(format!("grpc> {name}: {}", value.as_bytes().escape_ascii()));
        }
        let mut received = Vec::new();
        while let Some(Ok(frame)) = incoming.frame().await {
            received.extend(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
            if received.len() > 4 {
                break;
            }
        }
        self.notes
            .add(format!("grpc> message {}", shorten(&received)));
        if let (Some(line), Some(host)) = (self.answer.after.clone(), self.host.get()) {
            let plugins = self.plugins.clone();
            let _ = tokio::task::spawn_blocking(move || host.await_line(&plugins, &line)).await;
        }
        for message in &self.answer.messages {
            let _ = sender.send_data(framed(message)).await;
        }
        match self.answer.status {
            Some(status) => {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from(status));
                if !self.answer.message.is_empty() {
                    append(
                        &mut trailers,
                        &[("grpc-message".to_owned(), self.answer.message.clone())],
                    );
                }
                append(&mut trailers, &self.answer.trailers);
                let _ = sender.send_trailers(trailers).await;
            }
            None => sender.abort(std::io::Error::other("broken off")),
        }
    }
}

// The length-prefixed message of gRPC over HTTP/2.
fn framed(message: &str) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 5);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.put(message.as_bytes());
    bytes.freeze()
}

fn append(map: &mut HeaderMap, pairs: &[(String, String)]) {
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            map.append(name, value);
        }
    }
}

/// Runs a client's steps over HTTP/2.
///
/// # Errors
/// When something that it waits for does not come, or the request is none.
pub fn client(
    runtime: &Runtime,
    address: SocketAddr,
    steps: &[ClientStep],
    (host, plugins): (&Host, &[String]),
    notes: &Notes,
) -> anyhow::Result<()> {
    let mut body: Option<Sender<Bytes, std::io::Error>> = None;
    let mut answer = None;
    let last_sent = steps.iter().rposition(|it| {
        matches!(
            it,
            ClientStep::Head(_) | ClientStep::Send(_) | ClientStep::Fill(_)
        )
    });
    for (index, step) in steps.iter().enumerate() {
        match step {
            ClientStep::Await(text) => host.await_line(plugins, text)?,
            ClientStep::Settle => host.settle()?,
            ClientStep::Head(text) => {
                let has_more = last_sent != Some(index)
                    || steps.iter().any(|it| matches!(it, ClientStep::Trailers(_)));
                let (request, sender) = request(text, has_more)?;
                let mut connection = runtime.block_on(connect(address))?;
                answer = Some(runtime.spawn(async move { connection.send_request(request).await }));
                body = sender;
            }
            ClientStep::Send(text) => {
                let bytes = Bytes::from(text.clone());
                runtime.block_on(send(&mut body, bytes))?;
            }
            ClientStep::Fill(size) => {
                runtime.block_on(send(&mut body, vec![b'x'; *size].into()))?;
            }
            ClientStep::Trailers(trailers) => {
                let mut map = HeaderMap::new();
                append(&mut map, trailers);
                if let Some(mut sender) = body.take() {
                    runtime.block_on(sender.send_trailers(map)).ok();
                }
            }
            ClientStep::Receive => {
                body = None;
                let answer = answer.take().context("nothing was asked")?;
                runtime.block_on(receive(answer, notes));
            }
            ClientStep::Finish => {
                body = None;
                let answer = answer.take().context("nothing was asked")?;
                let quiet = host.clone();
                runtime.block_on(async {
                    let quiet = tokio::task::spawn_blocking(move || quiet.await_quiet());
                    tokio::select! {
                        () = receive(answer, notes) => {}
                        _ = quiet => notes.add("client< (nothing yet)"),
                    }
                });
            }
            ClientStep::Close => answer = None,
            other => bail!("{other:?} is for HTTP/1"),
        }
    }
    Ok(())
}

async fn send(
    body: &mut Option<Sender<Bytes, std::io::Error>>,
    bytes: Bytes,
) -> anyhow::Result<()> {
    let body = body.as_mut().context("a body needs a head before it")?;
    let _ = body.send_data(bytes).await;
    Ok(())
}

async fn connect(address: SocketAddr) -> anyhow::Result<client_http2::SendRequest<Body>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) =
        client_http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

type Asked = (Request<Body>, Option<Sender<Bytes, std::io::Error>>);

// The head is written as in HTTP/1; `host` becomes the authority, and a body after the blank line the first frame.
fn request(text: &str, has_more: bool) -> anyhow::Result<Asked> {
    let (head, first) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or("/"),
    );
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let authority = headers
        .iter()
        .find(|(name, _)| name == "host")
        .map_or("h", |(_, value)| value);
    let (mut sender, body) = Channel::new(64);
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{authority}{path}"));
    let mut request = request.body(body).context("the head is no request")?;
    let others: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name != "host")
        .cloned()
        .collect();
    append(request.headers_mut(), &others);
    if !first.is_empty() {
        sender
            .try_send(Frame::data(Bytes::from(first.to_owned())))
            .ok();
    }
    Ok((request, has_more.then_some(sender)))
}

type Answering = JoinHandle<hyper::Result<Response<Incoming>>>;

async fn receive(answer: Answering, notes: &Notes) {
    let Ok(Ok(Ok(response))) = tokio::time::timeout(PATIENCE, answer).await else {
        return notes.add("client< (closed)");
    };
    let (parts, mut body) = response.into_parts();
    notes.add(format!("client< {}", parts.status.as_u16()));
    add_headers(notes, "client<", &parts.headers);
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout(PATIENCE, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => {
                bytes.extend(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
                if let Some(trailers) = frame.trailers_ref() {
                    add_headers(notes, "client< trailer", trailers);
                }
            }
            Ok(Some(Err(_))) | Err(_) => {
                notes.add("client< (cut off)");
                break;
            }
        }
    }
    if !bytes.is_empty() {
        notes.add(format!("client< body {}", shorten(&bytes)));
    }
}

fn add_headers(notes: &Notes, who: &str, headers: &HeaderMap) {
    let mut headers: Vec<_> = headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let own =
            ["date", "x-request-id", "x-envoy-upstream-service-time"].contains(&name.as_str());
        let value = if own {
            String::new()
        } else {
            value.as_bytes().escape_ascii().to_string()
        };
        notes.add(format!("{who} {name}: {value}").trim_end().to_owned());
    }
}
