//! Handing a response to the codec of its client.

use std::sync::Arc;

use http::Response;

use super::body::{Announced, Body, channel, full};
use super::driver::{State, Wires};
use super::respond;
use crate::host::header_map::HeaderMap;
use crate::host::world::StreamId;

/// A response: as it goes to the wire in HTTP/1, with the body if there is one, or as HTTP/2 takes it.
pub(crate) enum Answer {
    Http1(HeaderMap, Option<Body>),
    Http2(Response<Body>),
}

// === impl State ===

impl State {
    /// Gives the client the head of its response, and what its body will be read from.
    pub(super) fn answer(&mut self, id: StreamId, headers: &HeaderMap, end: bool) {
        let http2 = self.is_http2(id);
        let Some(wires) = self.streams.get_mut(&id) else {
            return;
        };
        if !http2 {
            wires.answer_http1(headers, end);
            return;
        }
        if respond::is_unreadable(headers) {
            wires.answer = None;
            return;
        }
        let head = respond::response_head(headers, false);
        let response = match (head, wires.held.upgrade()) {
            // hyper drops such a body at once; what holds the stream outlives it.
            (Ok(head), Some(held)) if respond::is_bodiless(&head) => {
                wires.kept = Some(held);
                let gate = Arc::clone(&wires.from_upstream);
                let (_, unread) = channel(gate, Announced::default(), ());
                head.map(|()| unread)
            }
            (Ok(head), Some(_)) if end => head.map(|()| full(Vec::new())),
            (Ok(head), Some(held)) => {
                let announced = Announced {
                    length: None,
                    complete: Arc::clone(&held.complete),
                };
                let (sender, body) = channel(Arc::clone(&wires.from_upstream), announced, held);
                wires.response = Some(sender);
                head.map(|()| body)
            }
            (Err(what), held) => {
                wires.kept = held;
                respond::invalid(what)
            }
            (Ok(_), None) => return,
        };
        if let Some(answer) = wires.answer.take() {
            let _ = answer.send(Answer::Http2(response));
        }
    }
}

// === impl Wires ===

impl Wires {
    // Whatever the filters made of it.
    fn answer_http1(&mut self, headers: &HeaderMap, end: bool) {
        let Some(held) = self.held.upgrade() else {
            return;
        };
        let length = headers.get(b"content-length");
        let length = length.and_then(|length| std::str::from_utf8(length).ok()?.parse().ok());
        let body = (!end).then(|| {
            let announced = Announced {
                length,
                complete: Arc::clone(&held.complete),
            };
            let (sender, body) = channel(Arc::clone(&self.from_upstream), announced, held);
            self.response = Some(sender);
            body
        });
        if let Some(answer) = self.answer.take() {
            let _ = answer.send(Answer::Http1(headers.clone(), body));
        }
    }
}
