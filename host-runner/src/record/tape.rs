//! What is seen of one stream as it passes the front.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::Version;

use super::session::Session;
use crate::front::request_head::RequestHead;
use crate::host::header_map::HeaderMap;
use crate::host::stream::Direction;
use crate::scenario::client::Protocol;

/// Names and values in order.
pub(super) type Headers = Vec<(String, Vec<u8>)>;

/// Records one stream, and hands it to the session when it is over.
#[derive(Debug)]
pub(crate) struct Tape {
    session: Session,
    seen: Mutex<Seen>,
}

/// Everything that was seen.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: SystemTime,
    pub(super) protocol: Protocol,
    /// What the client sent; its head is as it was before the proxy made it its own.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) authority: Vec<u8>,
    pub(super) request: Message,
    /// What went to the upstream, and to which.
    pub(super) cluster: Option<String>,
    pub(super) sent: Message,
    /// What the upstream answered.
    pub(super) answer: Message,
    /// What the client got.
    pub(super) response: Message,
    /// Whether the client got all of it.
    pub(super) whole: bool,
    /// What happened that no scenario can say.
    pub(super) trouble: Option<&'static str>,
    /// Whether the session has it.
    told: bool,
}

/// One message; its pseudo headers are among its headers, unless the fields above hold them.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Headers,
}

/// A body that is longer makes no case.
const LONGEST_BODY: usize = 1024 * 1024;

// === impl Tape ===

impl Tape {
    pub(crate) fn new(session: &Session, at: SystemTime, head: &RequestHead) -> Self {
        let authority = head.uri.authority().map(|it| it.as_str().into());
        let host = head.headers.get(b"host");
        let path = head.uri.path_and_query();
        let mut seen = Seen::new(
            at,
            match head.version {
                Version::HTTP_2 => Protocol::Http2,
                _ => Protocol::Http1,
            },
        );
        seen.method = head.method.to_string();
        seen.path = path.map(ToString::to_string).unwrap_or_default();
        seen.authority = authority
            .or_else(|| host.map(<[u8]>::to_vec))
            .unwrap_or_default();
        seen.request.headers = list(&head.headers);
        Self {
            session: session.clone(),
            seen: Mutex::new(seen),
        }
    }

    /// The head of what goes to the upstream.
    pub(crate) fn sent_to(&self, cluster: &str, headers: &HeaderMap) {
        let mut seen = self.lock();
        seen.cluster = Some(cluster.to_owned());
        seen.sent.headers = list(headers);
    }

    /// More of its body.
    pub(crate) fn sent_data(&self, bytes: &[u8]) {
        self.lock().keep(|seen| &mut seen.sent, bytes);
    }

    /// The head of the upstream's answer.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        self.lock().answer.headers = list(headers);
    }

    /// More of the client's body, or of the upstream's.
    pub(crate) fn arrived(&self, way: Direction, bytes: &[u8]) {
        self.lock().keep(|seen| seen.message(way), bytes);
    }

    /// The trailers of either.
    pub(crate) fn trailers_arrived(&self, way: Direction, trailers: &HeaderMap) {
        self.lock().message(way).trailers = list(trailers);
    }

    /// The head of what the client gets, and whether that is all.
    pub(crate) fn response(&self, headers: &HeaderMap, end: bool) {
        let mut seen = self.lock();
        seen.response.headers = list(headers);
        seen.whole = end;
        drop(seen);
        self.finish_if(end);
    }

    /// More of its body.
    pub(crate) fn response_data(&self, bytes: &[u8], end: bool) {
        let mut seen = self.lock();
        seen.keep(|seen| &mut seen.response, bytes);
        seen.whole = end;
        drop(seen);
        self.finish_if(end);
    }

    /// The trailers of what the client gets, which end it.
    pub(crate) fn response_trailers(&self, trailers: &HeaderMap) {
        let mut seen = self.lock();
        seen.response.trailers = list(trailers);
        seen.whole = true;
        drop(seen);
        self.finish();
    }

    /// Something that no scenario can say.
    pub(crate) fn trouble(&self, what: &'static str) {
        self.lock().trouble.get_or_insert(what);
    }

    /// The request was answered before it became a stream.
    pub(crate) fn refused(&self) {
        self.trouble("it was refused before any filter saw it");
        self.finish();
    }

    /// The stream is over: with the last of its response at the latest, before the client has that, so that whoever
    /// has an answer knows that it is recorded.
    pub(crate) fn finish(&self) {
        let mut seen = self.lock();
        if !std::mem::replace(&mut seen.told, true) {
            self.session.add(seen.clone());
        }
    }

    fn finish_if(&self, end: bool) {
        if end {
            self.finish();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn list(headers: &HeaderMap) -> Headers {
    let text = |name| String::from_utf8_lossy(name).into_owned();
    let pairs = headers.iter();
    pairs
        .map(|(name, value)| (text(name), value.to_vec()))
        .collect()
}

// === impl Seen ===

impl Seen {
    /// Nothing yet.
    pub(super) fn new(at: SystemTime, protocol: Protocol) -> Self {
        Self {
            at,
            protocol,
            method: String::new(),
            path: String::new(),
            authority: Vec::new(),
            request: Message::default(),
            cluster: None,
            sent: Message::default(),
            answer: Message::default(),
            response: Message::default(),
            whole: false,
            trouble: None,
            told: false,
        }
    }

    fn message(&mut self, way: Direction) -> &mut Message {
        match way {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.answer,
        }
    }

    fn keep(&mut self, message: impl FnOnce(&mut Self) -> &mut Message, bytes: &[u8]) {
        let body = &mut message(self).body;
        if body.len() + bytes.len() <= LONGEST_BODY {
            body.extend_from_slice(bytes);
        } else {
            self.trouble = Some("a body is longer than 1 MiB");
        }
    }
}

// === impl Message ===

impl Message {
    /// The only value of a pseudo header.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }
}
