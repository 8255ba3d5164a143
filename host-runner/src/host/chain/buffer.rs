//! The limit on what a direction of a stream holds back (rules B1 to B4).

use crate::host::effect::{Effect, HttpEffect};
use crate::host::reply::LocalReply;
use crate::host::stream::Direction;
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

/// Of HTTP/2 it is the window of the client's stream (`initial_stream_window_size`), whatever the connection's limit.
const HTTP2_LIMIT: usize = 16 * 1024 * 1024;

impl Traffic<'_> {
    /// Looks at what is held after it has changed: over the limit, a stream is refused or its reading stops.
    pub(crate) fn check_buffer(&mut self, id: StreamId, way: Direction) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let limit = match stream.info.connection.protocol {
            "HTTP/2" => HTTP2_LIMIT,
            _ => stream.chain.buffer_limit,
        };
        let flow = stream.flow(way);
        let held = flow.buffered.as_ref().map_or(0, Vec::len);
        let (was_over, refuses) = (flow.over_limit, flow.refuses);
        flow.over_limit = if was_over {
            held > limit / 2
        } else {
            limit > 0 && held > limit
        };
        match (was_over, flow.over_limit) {
            (false, true) if refuses => self.refuse_size(id, way),
            (false, true) => self.read(id, way, false),
            (true, false) => self.read(id, way, true),
            _ => {}
        }
    }

    /// Whether more may arrive in that direction.
    pub(crate) fn reads(&mut self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get_mut(id);
        stream.is_none_or(|stream| !stream.flow(way).over_limit)
    }

    fn read(&mut self, id: StreamId, way: Direction, read: bool) {
        let effect = HttpEffect::Read(way, read);
        self.world.effects.push_back(Effect::Http(id, effect));
    }

    fn refuse_size(&mut self, id: StreamId, way: Direction) {
        let reply = match way {
            Direction::Request => {
                LocalReply::of_proxy(413, "Payload Too Large", "request_payload_too_large")
            }
            Direction::Response => {
                LocalReply::of_proxy(500, "Internal Server Error", "response_payload_too_large")
            }
        };
        self.send_local_reply(id, reply);
    }
}
