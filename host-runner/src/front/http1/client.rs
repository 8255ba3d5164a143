//! Requests to upstreams over pooled connections, and their responses.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};

use socket2::SockRef;
use tokio::net::TcpStream;

use super::decode::Decoder;
use super::{encode, response, send, wire};
use crate::front::body::Body;
use crate::front::gate::Gate;
use crate::front::read::{End, Piece};
use crate::front::reset_reason::ResetReason;
use crate::front::upstreams::connect;
use crate::host::header_map::HeaderMap;

/// Connections that wait for a request, by where they go.
#[derive(Clone, Default)]
pub(crate) struct Client(Arc<Mutex<HashMap<SocketAddr, Vec<Arc<TcpStream>>>>>);

/// The response to one request, and what is left to be sent of that.
pub(crate) struct Incoming {
    client: Client,
    address: SocketAddr,
    stream: Arc<TcpStream>,
    /// None once all is sent.
    writing: Option<Writing>,
    /// Whether the connection can take another request after this.
    keep: bool,
    /// Read, and not decoded yet.
    input: Vec<u8>,
    /// Nothing more is to be read.
    ended: bool,
    body: Decoder,
    trailers: Option<HeaderMap>,
    passes_trailers: bool,
}

// Whether all was written.
type Writing = Pin<Box<dyn Future<Output = io::Result<bool>> + Send>>;

// === impl Client ===

impl Client {
    /// Sends a request, and tells from which address as soon as there is a connection; gives the head of its response.
    pub(crate) async fn send(
        &self,
        address: SocketAddr,
        (headers, body): (HeaderMap, Option<Body>),
        connected: impl FnOnce(SocketAddr),
    ) -> Result<(HeaderMap, Incoming), ResetReason> {
        let stream = match self.idle(address) {
            Some(stream) => stream,
            None => Arc::new(connect(address).await?),
        };
        let local = stream.local_addr();
        connected(local.map_err(|error| ResetReason::of_connect(Some(&error)))?);
        let to_head = headers.get(b":method") == Some(b"HEAD");
        let mut incoming = Incoming {
            client: self.clone(),
            address,
            writing: Some(Box::pin(write(Arc::clone(&stream), headers, body))),
            stream,
            keep: true,
            input: Vec::new(),
            ended: false,
            body: Decoder::Done,
            trailers: None,
            passes_trailers: true,
        };
        let headers = incoming.head(to_head).await?;
        Ok((headers, incoming))
    }

    /// Whether a connection waits for a request.
    pub(crate) fn has_idle(&self, address: SocketAddr) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle = all.get(&address).into_iter().flatten();
        idle.any(|stream| is_idle(stream))
    }

    // One that its upstream has not closed meanwhile.
    fn idle(&self, address: SocketAddr) -> Option<Arc<TcpStream>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = all.get_mut(&address)?;
        std::iter::from_fn(|| idle.pop()).find(|stream| is_idle(stream))
    }

    fn keep(&self, address: SocketAddr, stream: Arc<TcpStream>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(address).or_default().push(stream);
    }
}

// Asks the system itself: what the runtime knows of the connection may be older than its end.
fn is_idle(stream: &TcpStream) -> bool {
    let unread = SockRef::from(stream).peek(&mut [std::mem::MaybeUninit::uninit()]);
    unread.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

async fn write(stream: Arc<TcpStream>, headers: HeaderMap, body: Option<Body>) -> io::Result<bool> {
    let (head, framing) = encode::request_head(&headers);
    match body {
        Some(body) => send::body(&stream, body, framing, head).await,
        None => wire::write(&stream, &head).await.map(|()| true),
    }
}

// === impl Incoming ===

impl Incoming {
    /// Says whether trailers are wanted.
    pub(crate) fn pass_trailers(&mut self, pass: bool) {
        self.passes_trailers = pass;
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        self.body == Decoder::Done && self.trailers.is_none()
    }

    async fn head(&mut self, to_head: bool) -> Result<HeaderMap, ResetReason> {
        let mut interim = 0;
        let head = self.final_head(to_head, &mut interim).await;
        head.map_err(|reason| match interim {
            0 => reason,
            _ => ResetReason::AfterInterim(Box::new(reason)),
        })
    }

    async fn final_head(
        &mut self,
        to_head: bool,
        interim: &mut usize,
    ) -> Result<HeaderMap, ResetReason> {
        loop {
            let head = response::take(&mut self.input, to_head, interim);
            if let Some(head) = head.map_err(|_| ResetReason::Protocol)? {
                self.body = head.body;
                self.keep = head.keep;
                self.release_if_over().await;
                return Ok(head.headers);
            }
            match self.read().await {
                Ok(true) => {}
                // An HTTP/1 codec takes an early end for an error of the protocol.
                Ok(false) if !self.input.is_empty() => return Err(ResetReason::Protocol),
                Ok(false) | Err(_) => return Err(ResetReason::Termination),
            }
        }
    }

    /// The next piece of the body, once the gate is open: what one read gave (rule L8).
    pub(crate) async fn next(&mut self, gate: &Gate) -> Piece {
        loop {
            if let Some(trailers) = self.trailers.take() {
                self.opened(gate).await;
                self.release_if_over().await;
                return Piece::Trailers(trailers);
            }
            if matches!(self.body, Decoder::Done | Decoder::Length(0)) || !self.input.is_empty() {
                self.opened(gate).await;
                let mut bytes = Vec::new();
                let Ok(trailers) = self.body.decode(&mut self.input, &mut bytes) else {
                    return Piece::Broken(ResetReason::Protocol);
                };
                self.trailers = Some(trailers).filter(|it| self.passes_trailers && it.len() > 0);
                // The end of the connection may have been read with the last bytes.
                if self.ended && self.body == Decoder::UntilClose {
                    self.body = Decoder::Done;
                }
                if bytes.is_empty() && self.trailers.is_some() {
                    continue;
                }
                if self.body == Decoder::Done || !bytes.is_empty() {
                    return self.piece(bytes).await;
                }
            }
            match self.read().await {
                Ok(true) => {}
                Ok(false) | Err(_) if self.body == Decoder::UntilClose => self.body = Decoder::Done,
                Ok(false) | Err(_) => return Piece::Broken(ResetReason::Protocol),
            }
        }
    }

    async fn piece(&mut self, bytes: Vec<u8>) -> Piece {
        self.release_if_over().await;
        let end = match (self.is_over(), bytes.is_empty()) {
            (false, _) => End::No,
            (true, true) => End::Here,
            (true, false) => End::Next,
        };
        Piece::Data { bytes, end }
    }

    // Waits until the gate is open; what comes while it is shut belongs to what came before.
    async fn opened(&mut self, gate: &Gate) {
        if !gate.is_open() {
            self.while_writing(gate.open()).await;
            if let Ok(read) = wire::read_ready(&self.stream, &mut self.input) {
                self.ended |= read.ended;
            }
        }
    }

    // Whether there was anything.
    async fn read(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let (stream, mut input) = (Arc::clone(&self.stream), std::mem::take(&mut self.input));
        let read = self.while_writing(wire::read(&stream, &mut input)).await;
        self.input = input;
        let read = read?;
        self.ended = read.ended;
        Ok(read.count > 0)
    }

    async fn while_writing<T>(&mut self, awaited: impl Future<Output = T>) -> T {
        let mut awaited = pin!(awaited);
        if let Some(writing) = &mut self.writing {
            tokio::select! {
                biased;
                written = writing => {
                    self.keep &= matches!(written, Ok(true));
                    self.writing = None;
                }
                output = &mut awaited => return output,
            }
        }
        awaited.await
    }

    // Lets another request have the connection. One that has an answer before it is sent takes its connection with it.
    async fn release_if_over(&mut self) {
        if !self.is_over() {
            return;
        }
        self.while_writing(std::future::ready(())).await;
        if self.writing.is_none() && self.keep && !self.ended && self.input.is_empty() {
            self.keep = false;
            self.client.keep(self.address, Arc::clone(&self.stream));
        }
    }
}
