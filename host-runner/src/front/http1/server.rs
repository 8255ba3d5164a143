//! One connection of a client: its requests one after the other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

use super::decode::Decoder;
use super::encode;
use super::head::{self, Head};
use super::send;
use super::wire::{self, READ_LIMIT};
use crate::front::answer::Answer;
use crate::front::driver::Driver;
use crate::front::gate::Gate;
use crate::front::held::Held;
use crate::front::peer::Peer;
use crate::front::read::{End, Piece};
use crate::front::refused::{Refusal, Refused};
use crate::front::request_head::{header_map, refused_map};
use crate::front::serve::Proxy;
use crate::host::filter_state::ConnectionState;
use crate::host::header_map::HeaderMap;
use crate::host::stream::{Connection, Direction, SERVER_NAME, StreamInfo};
use crate::host::worker::Worker;
use crate::record::tape::Tape;

/// A connection, between two requests.
struct Server {
    proxy: Arc<Proxy>,
    driver: Arc<Driver>,
    stream: TcpStream,
    connection: Connection,
    state: ConnectionState,
    peer: Peer,
    closed: watch::Receiver<()>,
    /// Read, and not decoded yet.
    input: Vec<u8>,
}

/// What a request's body goes through.
struct Incoming {
    held: Held,
    gate: Arc<Gate>,
    body: Decoder,
    trailers: bool,
    tape: Option<Arc<Tape>>,
}

/// Serves a connection to its end. An error is that of a client that has gone.
pub(crate) async fn serve(
    proxy: Arc<Proxy>,
    stream: TcpStream,
    (connection, state, closed): (Connection, ConnectionState, watch::Receiver<()>),
) -> io::Result<()> {
    let connection = Connection {
        protocol: "HTTP/1.1",
        ..connection
    };
    let Some(driver) = proxy.drivers.pick(connection.id) else {
        return Ok(());
    };
    let mut server = Server {
        driver,
        peer: Peer::of(&stream),
        proxy,
        stream,
        connection,
        state,
        closed,
        input: Vec::new(),
    };
    while server.request().await? {}
    wire::close(server.stream).await;
    Ok(())
}

// === impl Server ===

impl Server {
    // Whether there may be another one.
    async fn request(&mut self) -> io::Result<bool> {
        let head = loop {
            match if self.input.is_empty() {
                Ok(None)
            } else {
                head::take(&mut self.input)
            } {
                Ok(Some(head)) => break head,
                Ok(None) => {
                    if wire::read(&self.stream, &mut self.input).await?.count == 0 {
                        return Ok(false);
                    }
                }
                Err(why) => {
                    let headers = None;
                    return self.refuse(Refusal { why, headers }, false).await;
                }
            }
        };
        if let Some(driver) = self.proxy.drivers.pick(self.connection.id) {
            self.driver = driver;
        }
        let headers = header_map(
            &head.request,
            self.connection.peer.ip(),
            self.proxy.own_address,
        );
        let headers = match headers {
            Ok(_) if head.target.contains(&b'#') => Err(fragment(&head)),
            headers => headers,
        };
        let session = self.proxy.record.as_ref();
        let tape = session.map(|session| {
            let now = self.proxy.shared.clock.now();
            Arc::new(Tape::new(session, now, &head.request))
        });
        match headers {
            Ok(headers) => self.exchange(head, headers, tape).await,
            Err(refusal) => {
                if let Some(tape) = tape {
                    tape.refused();
                }
                let may_stay = head.body == Decoder::Done && !head.close;
                self.refuse(refusal, may_stay).await
            }
        }
    }

    fn info(&self) -> StreamInfo {
        StreamInfo::new(
            self.connection,
            &self.proxy.shared.clock,
            self.state.clone(),
        )
    }

    // Whether there may be another request.
    async fn refuse(&self, refusal: Refusal, may_stay: bool) -> io::Result<bool> {
        let Refusal { why, headers } = refusal;
        let stays = why.keeps && may_stay;
        self.driver.tell(|worker| {
            if let Some(chain) = worker.chain(self.proxy.chain) {
                worker.refused(&chain, self.info(), (headers, stays), why.reply());
            }
        });
        let (mut headers, body) = why.reply().into_response(false);
        if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()) {
            headers.add(b"date", date.as_bytes());
        }
        headers.add(b"server", SERVER_NAME.as_bytes());
        let mut out = Vec::new();
        encode::head(&headers, (body.is_empty(), false, !stays), &mut out);
        out.extend_from_slice(&body);
        wire::write(&self.stream, &out).await?;
        Ok(stays)
    }

    async fn exchange(
        &mut self,
        head: Head,
        headers: HeaderMap,
        tape: Option<Arc<Tape>>,
    ) -> io::Result<bool> {
        if head.expects {
            wire::write(&self.stream, b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let tunnel = head.request.method == Method::CONNECT;
        let end = head.body == Decoder::Done && !tunnel;
        let closed = (end, self.closed.clone());
        let opened = self
            .driver
            .open(self.proxy.chain, self.info(), headers, closed, tape.clone());
        let Some((held, gate, answered)) = opened else {
            return Ok(false);
        };
        let complete = AtomicBool::new(end);
        let incoming = Incoming {
            held,
            gate,
            body: head.body,
            trailers: self.proxy.trailers,
            tape,
        };
        let reading = incoming.read((&self.stream, &self.peer), &mut self.input, &complete);
        let writing = respond(&self.stream, answered, &complete, &head);
        tokio::select! {
            biased;
            result = reading => result.map(|()| false),
            keep = writing => keep,
        }
    }
}

// === impl Incoming ===

impl Incoming {
    // Until the client has gone; what comes after the request waits.
    async fn read(
        mut self,
        (stream, peer): (&TcpStream, &Peer),
        input: &mut Vec<u8>,
        complete: &AtomicBool,
    ) -> io::Result<()> {
        while !complete.load(Ordering::Acquire) {
            let mut bytes = Vec::new();
            let Ok(trailers) = self.body.decode(input, &mut bytes) else {
                self.held.tell(|worker, id| worker.request_malformed(id));
                // Until that is answered.
                return std::future::pending().await;
            };
            let done = self.body == Decoder::Done;
            if bytes.is_empty() && !done {
                tokio::select! {
                    biased;
                    read = wire::read(stream, input) => if read?.count == 0 {
                        self.held.tell(|worker, id| worker.client_gone(id));
                        return Ok(());
                    },
                    () = self.gate.ended() => return std::future::pending().await,
                }
                continue;
            }
            let trailers = Some(trailers).filter(|it| self.trailers && it.len() > 0);
            if !self.pass_on(peer, (bytes, trailers, done), complete).await {
                return Ok(());
            }
        }
        while input.len() < READ_LIMIT {
            if wire::read(stream, input).await?.count == 0 {
                return Ok(());
            }
        }
        std::future::pending().await
    }

    // False: the client has gone.
    async fn pass_on(
        &self,
        peer: &Peer,
        (bytes, trailers, done): (Vec<u8>, Option<HeaderMap>, bool),
        complete: &AtomicBool,
    ) -> bool {
        let end = match done && trailers.is_none() {
            true => End::Next,
            false => End::No,
        };
        let data = (!bytes.is_empty()).then_some(Piece::Data { bytes, end });
        let last = match trailers {
            Some(trailers) => Some(Piece::Trailers(trailers)),
            None => done.then(|| Piece::Data {
                bytes: Vec::new(),
                end: End::Here,
            }),
        };
        let mut told = End::No;
        for piece in [data, last].into_iter().flatten() {
            // It came with the data already.
            if told == End::Here {
                break;
            }
            tokio::select! {
                biased;
                () = self.gate.open() => {}
                () = self.gate.ended() => return std::future::pending().await,
                () = peer.gone_while_shut(&self.gate) => {
                    self.held.tell(|worker, id| worker.client_gone(id));
                    return false;
                }
            }
            piece.record(self.tape.as_deref(), Direction::Request);
            let tell = |worker: &mut Worker, id| piece.tell(worker, id, Direction::Request);
            told = self.held.tell(tell).unwrap_or(End::Here);
        }
        complete.store(done, Ordering::Release);
        true
    }
}

// Only a server knows fragments that come to it (RFC 9110 section 7.1).
fn fragment(head: &Head) -> Refusal {
    let mut map = refused_map(&head.request);
    map.set(b":path", &head.target);
    Refusal {
        why: Refused::PATH,
        headers: Some(map),
    }
}

// Whether there may be another request.
async fn respond(
    stream: &TcpStream,
    answered: oneshot::Receiver<Answer>,
    complete: &AtomicBool,
    head: &Head,
) -> io::Result<bool> {
    let Ok(Answer::Http1(headers, body)) = answered.await else {
        return Ok(false);
    };
    let close = head.close
        || !complete.load(Ordering::Acquire)
        || headers.get(b"connection") == Some(b"close");
    let to_head = head.request.method == Method::HEAD;
    let mut out = Vec::new();
    let framing = encode::head(&headers, (body.is_none(), to_head, close), &mut out);
    let whole = match body {
        Some(body) => send::body(stream, body, framing, out).await?,
        None => {
            wire::write(stream, &out).await?;
            true
        }
    };
    Ok(whole && !close && complete.load(Ordering::Acquire))
}
