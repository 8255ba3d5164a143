//! Replies that filters or the proxy make themselves: through the response callbacks where the response has not begun,
//! past them where it has, and not at all where its headers are out (rules Y1 to Y3, T1).

use crate::host::effect::{Effect, HttpEffect};
use crate::host::reply::{self, LocalReply};
use crate::host::stream::{Direction, Source};
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

impl Traffic<'_> {
    /// Ends a stream with a reply.
    pub(crate) fn send_local_reply(&mut self, id: StreamId, reply: LocalReply) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let deciding = stream.request.in_callback;
        stream.request.aborted |= deciding;
        stream.response.aborted |= !deciding && stream.response.in_callback;
        stream.info.details = Some(reply.code_details());
        if stream.headers_sent {
            self.reset(id, reply.code_details());
        } else if stream.response_headers.is_some() {
            self.reply_past_filters(id, reply);
        } else if deciding {
            // Sent when the callback has returned; the first one wins (rule Y1).
            if stream.prepared_reply.is_none() {
                stream.info.code = Some(reply.status);
                stream.prepared_reply = Some(reply);
            }
        } else {
            self.reply_through_filters(id, reply);
        }
    }

    pub(crate) fn send_prepared_reply(&mut self, id: StreamId) {
        let stream = self.world.http.get_mut(id);
        if let Some(reply) = stream.and_then(|stream| stream.prepared_reply.take()) {
            self.reply_through_filters(id, reply);
        }
    }

    fn reply_through_filters(&mut self, id: StreamId, reply: LocalReply) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let body = reply::begin(stream, reply);
        let end = body.is_empty();
        stream.response.complete = true;
        self.headers(id, Direction::Response, 0, end);
        if !end && let Some(stream) = self.world.http.get_mut(id).filter(|it| !it.finished) {
            stream.response.chunk = body;
            self.data(id, Direction::Response, 0, (Source::Chunk, true));
        }
    }

    /// Replaces a response that is still on its way through the filters (rules B3, Y3, H9).
    pub(in crate::host) fn reply_past_filters(&mut self, id: StreamId, reply: LocalReply) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let body = reply::begin(stream, reply);
        let end = body.is_empty();
        self.emit_headers(id, end);
        if !end {
            self.emit_data(id, body, true);
        }
    }

    /// Cuts the stream off: nothing of it reaches the client any more.
    pub(crate) fn reset(&mut self, id: StreamId, details: Vec<u8>) {
        let Some(stream) = self
            .world
            .http
            .get_mut(id)
            .filter(|stream| !stream.finished)
        else {
            return;
        };
        stream.info.details.get_or_insert(details);
        self.world
            .effects
            .push_back(Effect::Http(id, HttpEffect::Reset));
        self.finish(id);
    }
}
