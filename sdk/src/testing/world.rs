//! What the proxy in memory knows: which map and which body is alive when, what is held, what is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::exchange::{Fault, LogLine, Received, Reply};
use super::properties::Facts;
use super::reply::LocalReply;
use crate::connection::Peer;
use crate::core::Headers;
use crate::current::Side;
use crate::hostcalls::{BufferType, MapType, MetricType, RawGrpc};
use crate::status::Status;

/// All there is.
#[derive(Default)]
pub(super) struct World {
    /// Nanoseconds since the Unix epoch.
    pub(super) now: u64,
    pub(super) configuration: Vec<u8>,
    /// Whether the plugin is being configured: only then it can read that (rule L5).
    pub(super) configuring: bool,
    pub(super) request: Message,
    pub(super) response: Message,
    /// Whether the stream's log callback runs, which sees all maps (rule H2).
    pub(super) logging: bool,
    /// Whether a stream's callback runs, or a root's that acts on the stream.
    pub(super) in_stream: bool,
    pub(super) stream: u32,
    pub(super) reply: Option<LocalReply>,
    pub(super) facts: Facts,
    pub(super) clusters: BTreeMap<String, Reply>,
    /// What callbacks of the root will bring, in order of time.
    pub(super) events: BTreeMap<(u64, u64), Event>,
    pub(super) called: Vec<Received>,
    /// gRPC streams that are not finished, and what they will be answered.
    pub(super) lines: BTreeMap<u32, Line>,
    /// What the running callback brings (rule C4).
    pub(super) brought: Option<Brought>,
    pub(super) connection: Connection,
    /// Queues by name; tokens count from 1.
    pub(super) queues: Vec<(Vec<u8>, VecDeque<Vec<u8>>)>,
    /// How far ticks are apart, and when the next one comes: whatever else comes before it does not put it off.
    pub(super) tick: Option<(Duration, u64)>,
    pub(super) logs: Vec<LogLine>,
    pub(super) properties: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The name of every request's route.
    pub(super) route: String,
    pub(super) shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    pub(super) cas: u32,
    pub(super) metrics: Vec<(MetricType, Vec<u8>, u64)>,
    pub(super) tokens: u32,
    pub(super) count: u64,
}

/// One direction of the stream.
#[derive(Default)]
pub(super) struct Message {
    pub(super) headers: Pairs,
    /// Whether the filter can reach them: in their callback, and while it holds them (rule H1).
    pub(super) headers_alive: bool,
    pub(super) trailers: Pairs,
    pub(super) trailers_alive: bool,
    /// The body's buffer: what is held, or the piece that is shown.
    pub(super) body: Vec<u8>,
    pub(super) body_alive: bool,
    /// Whether it was asked to go on.
    pub(super) goes_on: bool,
}

/// What a callback of the root brings, to the call, the stream or the queue of that token.
pub(super) struct Event {
    pub(super) token: u32,
    pub(super) brought: Brought,
}

/// What a callback of the root brings.
#[derive(Debug, Clone)]
pub(super) enum Brought {
    Answer(Answered),
    Message(Vec<u8>),
    End(u32, String),
    Item,
}

/// What a call is answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) headers: Pairs,
    pub(super) body: Vec<u8>,
}

/// A gRPC stream that is not finished: what it will be answered, and which of the calls it is.
pub(super) struct Line {
    pub(super) reply: Reply,
    pub(super) index: usize,
}

/// A TCP connection.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) client: Waiting,
    pub(super) upstream: Waiting,
    pub(super) goes_on: bool,
    pub(super) is_closed: bool,
}

/// Bytes of a peer that wait, and whether the filter can reach them.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) bytes: Vec<u8>,
    pub(super) is_reached: bool,
}

/// A header.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// Headers in order.
pub(super) type Pairs = Vec<Pair>;

/// Apart from one token to the next (rule C1).
const STEP: u32 = 4;

// === impl World ===

impl World {
    pub(super) fn side(&mut self, side: Side) -> &mut Message {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }

    /// The next tick comes one period from now.
    pub(super) fn next_tick(&mut self) {
        if let Some((period, at)) = &mut self.tick {
            *at = self.now.saturating_add(nanoseconds(*period));
        }
    }

    // A map that can be read now.
    pub(super) fn map(&mut self, map: MapType) -> Option<&mut Pairs> {
        let (logging, in_stream) = (self.logging, self.in_stream);
        let of = |message: &mut Message| (message.headers_alive, message.trailers_alive);
        match map {
            MapType::RequestHeaders if in_stream && (of(&mut self.request).0 || logging) => {
                Some(&mut self.request.headers)
            }
            MapType::ResponseHeaders if in_stream && (of(&mut self.response).0 || logging) => {
                Some(&mut self.response.headers)
            }
            MapType::RequestTrailers if in_stream && of(&mut self.request).1 => {
                Some(&mut self.request.trailers)
            }
            MapType::ResponseTrailers if in_stream && (of(&mut self.response).1 || logging) => {
                Some(&mut self.response.trailers)
            }
            MapType::HttpCallResponseHeaders => match &mut self.brought {
                Some(Brought::Answer(answer)) => Some(&mut answer.headers),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn map_to_write(&mut self, map: MapType) -> Result<&mut Pairs, Status> {
        match self.logging {
            true => Err(Status::BAD_ARGUMENT),
            false => self.map(map).ok_or(Status::BAD_ARGUMENT),
        }
    }

    pub(super) fn body(&mut self, buffer: BufferType) -> Option<&mut Vec<u8>> {
        let (connection, in_stream) = (&mut self.connection, self.in_stream);
        let message = match buffer {
            BufferType::DownstreamData => return connection.buffer(Peer::Downstream, in_stream),
            BufferType::UpstreamData => return connection.buffer(Peer::Upstream, in_stream),
            BufferType::RequestBody => &mut self.request,
            BufferType::ResponseBody => &mut self.response,
            _ => return None,
        };
        (self.in_stream && message.body_alive).then_some(&mut message.body)
    }

    /// Another token, whose low bits say what it is for (rule C1).
    pub(super) fn token(&mut self, kind: u32) -> u32 {
        self.tokens += STEP;
        self.tokens + kind
    }

    /// Brings that so much later.
    pub(super) fn bring(&mut self, after: Duration, token: u32, brought: Brought) {
        let at = self.now.saturating_add(nanoseconds(after));
        self.count += 1;
        self.events
            .insert((at, self.count), Event { token, brought });
    }

    /// A gRPC call or stream to a cluster: what that answers.
    pub(super) fn grpc(
        &mut self,
        to: RawGrpc<'_>,
        messages: Vec<Vec<u8>>,
    ) -> Result<Reply, Status> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let cluster = text(to.cluster);
        let reply = self.clusters.get(&cluster).cloned();
        let reply = reply.ok_or(Status::PARSE_FAILURE)?;
        let own = pairs(to.metadata);
        self.called.push(Received {
            path: format!("/{}/{}", text(to.service), text(to.method)),
            method: "POST".to_owned(),
            authority: cluster.clone(),
            cluster,
            headers: self::text(&own),
            messages,
            ..Received::default()
        });
        Ok(reply)
    }

    /// The queue of that token.
    pub(super) fn queue(&mut self, token: u32) -> Result<&mut VecDeque<Vec<u8>>, Status> {
        let index = (token as usize).checked_sub(1).ok_or(Status::NOT_FOUND)?;
        let queue = self.queues.get_mut(index).ok_or(Status::NOT_FOUND)?;
        Ok(&mut queue.1)
    }

    /// What a gRPC call or stream is answered: messages, and then its end. A cluster that does not answer, or does not
    /// speak gRPC, is what the proxy has to say to it.
    pub(super) fn bring_grpc(&mut self, token: u32, reply: &Reply, timeout: Option<Duration>) {
        let is_late = |timeout| reply.fault == Some(Fault::Silent) || reply.after >= timeout;
        if let Some(timeout) = timeout.filter(|timeout| is_late(*timeout)) {
            let end = Brought::End(4, "upstream request timeout".to_owned());
            return self.bring(timeout, token, end);
        }
        let unavailable = || Brought::End(14, "upstream connect error or disconnect".to_owned());
        match (&reply.grpc, reply.fault) {
            (_, Some(Fault::Silent)) => {}
            (_, Some(Fault::Refused | Fault::Reset)) => {
                self.bring(Duration::ZERO, token, unavailable());
            }
            (None, None) => self.bring(reply.after, token, unavailable()),
            (Some(answer), None) => {
                for message in &answer.messages {
                    self.bring(reply.after, token, Brought::Message(message.clone()));
                }
                // Envoy says where a message comes from.
                let end = Brought::End(answer.code, format!("{}{{via_upstream}}", answer.text));
                self.bring(reply.after, token, end);
            }
        }
    }

    // Proxies answer in the callee's place when there is no answer (rule C3).
    pub(super) fn answer(reply: &Reply, timeout: Duration) -> (Duration, Answered) {
        let is_late = reply.fault == Some(Fault::Silent) || reply.after >= timeout;
        let (after, status, body) = match reply.fault {
            _ if is_late => (timeout, 504, "upstream request timeout".to_owned()),
            Some(_) => (
                Duration::ZERO,
                503,
                "upstream connect error or disconnect/reset before headers".to_owned(),
            ),
            None => (reply.after, reply.status, reply.body.clone()),
        };
        let own = if reply.fault.is_none() && !is_late {
            reply.headers.as_slice()
        } else {
            &[]
        };
        let status = (b":status".to_vec(), status.to_string().into_bytes());
        let own = own.iter().map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            (name.into_bytes(), value.clone().into_bytes())
        });
        let headers = std::iter::once(status).chain(own).collect();
        let body = body.into_bytes();
        (after, Answered { headers, body })
    }
}

// === impl Connection ===

impl Connection {
    pub(super) fn of(&mut self, peer: Peer) -> &mut Waiting {
        match peer {
            Peer::Downstream => &mut self.client,
            Peer::Upstream => &mut self.upstream,
        }
    }

    fn buffer(&mut self, peer: Peer, in_stream: bool) -> Option<&mut Vec<u8>> {
        let waiting = self.of(peer);
        (in_stream && waiting.is_reached).then_some(&mut waiting.bytes)
    }
}

/// As clocks of hosts count.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

// `host` is `:authority` of a request (rule H3).
pub(super) fn key(name: &[u8], map: MapType) -> Vec<u8> {
    match name.to_ascii_lowercase() {
        name if name == b"host" && map == MapType::RequestHeaders => b":authority".to_vec(),
        name => name,
    }
}

pub(super) fn pairs(bytes: &[u8]) -> Pairs {
    let headers = Headers::from_pairs(bytes.to_vec()).unwrap_or_default();
    let owned = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()));
    owned.collect()
}

/// Headers as text.
pub(super) fn text(headers: &[Pair]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = headers.iter();
    headers
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// The first value of a header, as text.
pub(super) fn first(headers: &[Pair], name: &str) -> Option<String> {
    let mut headers = headers.iter();
    let found = headers.find(|(it, _)| it == name.as_bytes());
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

pub(super) fn metric(
    world: &mut World,
    id: u32,
) -> Result<&mut (MetricType, Vec<u8>, u64), Status> {
    let index = (id as usize).checked_sub(1).ok_or(Status::NOT_FOUND)?;
    world.metrics.get_mut(index).ok_or(Status::NOT_FOUND)
}
