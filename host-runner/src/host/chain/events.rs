//! What a driver tells a worker about a stream: what arrived from the client and from the upstream.

use std::sync::Arc;

use crate::host::chain::Chain;
use crate::host::header_map::HeaderMap;
use crate::host::reply::{self, LocalReply};
use crate::host::stream::{
    Direction, Filter, ResponseFlags, Source, Stream, StreamInfo, UpstreamInfo,
};
use crate::host::traffic::Traffic;
use crate::host::vm_state::Context;
use crate::host::worker::Worker;
use crate::host::world::StreamId;

// === impl Worker ===

impl Worker {
    /// A request has begun.
    pub(crate) fn open(
        &mut self,
        chain: &Arc<Chain>,
        info: StreamInfo,
        headers: HeaderMap,
        end: bool,
    ) -> StreamId {
        let mut stream = Stream::new(Arc::clone(chain), info, headers);
        stream.info.route = stream.chain.pick(&stream);
        stream.request.complete = end;
        let id = self.insert(chain, stream);
        self.headers(id, Direction::Request, 0, end);
        id
    }

    fn insert(&mut self, chain: &Chain, stream: Stream) -> StreamId {
        let id = self.world.http.insert(stream);
        let context = |filter, root| Context::Http {
            stream: id,
            filter,
            root,
        };
        let filters = self.new_filters(chain, context, |placed| Filter::new(&placed));
        if let Some(stream) = self.world.http.get_mut(id) {
            stream.filters = filters;
        }
        id
    }

    /// A request was answered before any filter saw it: they only log it, with the headers if it came to them (rules
    /// L6, P1). `stays`: the connection takes another one.
    pub(crate) fn refused(
        &mut self,
        chain: &Arc<Chain>,
        info: StreamInfo,
        (headers, stays): (Option<HeaderMap>, bool),
        reply: LocalReply,
    ) -> StreamId {
        let parsed = headers.is_some();
        let mut stream = Stream::new(Arc::clone(chain), info, headers.unwrap_or_default());
        stream.parsed = parsed;
        stream.request.complete = stays;
        if !parsed {
            stream
                .info
                .flags
                .insert(ResponseFlags::DOWNSTREAM_PROTOCOL_ERROR);
        }
        stream.info.details = Some(reply.code_details());
        let body = reply::begin(&mut stream, reply);
        stream.info.response_bytes = body.len() as u64;
        stream.finish_response_headers(self.shared.clock.now());
        let id = self.insert(chain, stream);
        self.finish(id);
        id
    }
}

// === impl Traffic ===

impl Traffic<'_> {
    /// Body bytes have arrived.
    pub(crate) fn arrived(&mut self, id: StreamId, way: Direction, bytes: Vec<u8>, end: bool) {
        let now = self.shared.clock.instant();
        let Some(stream) = self.live(id, way) else {
            return;
        };
        match way {
            Direction::Request => stream.info.request_bytes += bytes.len() as u64,
            Direction::Response if end => stream.info.received(now),
            Direction::Response => {}
        }
        let is_over = stream.is_over(way);
        let flow = stream.flow(way);
        flow.complete = end;
        if is_over {
            return;
        }
        flow.chunk = bytes;
        self.data(id, way, 0, (Source::Chunk, end));
    }

    /// Trailers have arrived; they end the message.
    pub(crate) fn trailers_arrived(&mut self, id: StreamId, way: Direction, trailers: HeaderMap) {
        let now = self.shared.clock.instant();
        let Some(stream) = self.live(id, way) else {
            return;
        };
        stream.flow(way).complete = true;
        match way {
            Direction::Request => stream.request_trailers = Some(trailers),
            Direction::Response => {
                stream.info.received(now);
                stream.response_trailers = Some(trailers);
            }
        }
        self.trailers(id, way, 0);
    }

    /// The upstream host is chosen, and there is a connection to it or will be none.
    pub(crate) fn upstream(&mut self, id: StreamId, upstream: UpstreamInfo) {
        if let Some(stream) = self.world.http.get_mut(id) {
            stream.info.upstream = Some(upstream);
        }
    }

    /// The upstream's response has begun.
    pub(crate) fn response(&mut self, id: StreamId, headers: HeaderMap, end: bool) {
        let now = self.shared.clock.instant();
        let Some(stream) = self.live(id, Direction::Response) else {
            return;
        };
        stream.info.details = Some(b"via_upstream".to_vec());
        stream.info.code = headers.status();
        if end {
            stream.info.received(now);
        }
        stream.response_headers = Some(headers);
        stream.response.complete = end;
        self.headers(id, Direction::Response, 0, end);
    }

    /// The upstream's codec does not take the request. Envoy blames the client for it.
    pub(crate) fn unsendable(&mut self, id: StreamId, reply: LocalReply) {
        if let Some(stream) = self.world.http.get_mut(id) {
            stream
                .info
                .flags
                .insert(ResponseFlags::DOWNSTREAM_PROTOCOL_ERROR);
        }
        self.send_local_reply(id, reply);
    }

    /// The upstream could not be reached or broke off.
    pub(crate) fn upstream_failed(&mut self, id: StreamId, flag: ResponseFlags, reply: LocalReply) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        stream.info.flags.insert(flag);
        let started = stream.response_headers.is_some();
        if started {
            stream.info.details = Some(reply.code_details());
            self.reset(id, reply.code_details());
        } else {
            self.send_local_reply(id, reply);
        }
    }

    /// What has come of the body is none (HTTP/1).
    pub(crate) fn request_malformed(&mut self, id: StreamId) {
        if let Some(stream) = self.world.http.get_mut(id) {
            stream
                .info
                .flags
                .insert(ResponseFlags::DOWNSTREAM_PROTOCOL_ERROR);
        }
        let reply = LocalReply::of_proxy(400, "Bad Request", "http1.codec_error");
        self.send_local_reply(id, reply);
    }

    /// The client has gone (rule L14).
    pub(crate) fn client_gone(&mut self, id: StreamId) {
        if let Some(stream) = self.world.http.get_mut(id) {
            let (details, flag) = match stream.info.connection.protocol {
                "HTTP/2" => ("http2.remote_reset", ResponseFlags::DOWNSTREAM_REMOTE_RESET),
                _ => (
                    "downstream_remote_disconnect",
                    ResponseFlags::DOWNSTREAM_CONNECTION_TERMINATION,
                ),
            };
            stream.info.details = Some(details.into());
            stream.info.flags.insert(flag);
        }
        self.finish(id);
    }

    /// The driver is done with a finished stream.
    pub(crate) fn forget(&mut self, id: StreamId) {
        self.world.http.remove(id);
    }

    // What arrives for a stream that is over, or of a second response, is dropped.
    fn live(&mut self, id: StreamId, way: Direction) -> Option<&mut Stream> {
        let stream = self.world.http.get_mut(id)?;
        let over =
            stream.finished || (way == Direction::Response && stream.is_over(Direction::Response));
        (!over).then_some(stream)
    }
}
