//! The two ends of a chain: the router, which sends the request on, and the client, who gets the response.

use crate::host::effect::{Effect, HttpEffect};
use crate::host::header_map::HeaderMap;
use crate::host::header_syntax::check_bytes;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, ResponseFlags, Source};
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

impl Traffic<'_> {
    // --- the router ---

    pub(in crate::host) fn route(&mut self, id: StreamId, end: bool) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        if std::mem::take(&mut stream.info.route_cleared) {
            stream.info.route = stream.chain.pick(stream);
        }
        let cluster = stream
            .info
            .route
            .and_then(|route| stream.chain.cluster(route));
        match cluster.map(|cluster| (cluster, check_request(&stream.request_headers))) {
            Some((cluster, Ok(()))) => {
                stream.info.routed = true;
                restore_scheme(&mut stream.request_headers);
                let headers = stream.request_headers.clone();
                self.emit(
                    id,
                    HttpEffect::RequestHeaders {
                        headers,
                        cluster,
                        end,
                    },
                );
            }
            Some((cluster, Err(reply))) => {
                let reply = Box::new(reply);
                self.emit(id, HttpEffect::UnsendableRequest { cluster, reply });
            }
            None => {
                stream.info.flags.insert(ResponseFlags::NO_ROUTE);
                self.send_local_reply(id, LocalReply::of_proxy(404, "", "route_not_found"));
            }
        }
    }

    // --- the client ---

    pub(in crate::host) fn send_headers(&mut self, id: StreamId, end: bool) {
        let Some(stream) = self.world.http.get(id) else {
            return;
        };
        match stream.response_headers.as_ref().and_then(HeaderMap::status) {
            Some(_) => self.emit_headers(id, end),
            None => {
                let reply = LocalReply::of_proxy(
                    502,
                    "missing required header: :status",
                    "filter_removed_required_response_headers{missing_required_header:_:status}",
                );
                self.send_local_reply(id, reply);
            }
        }
    }

    pub(in crate::host) fn emit_headers(&mut self, id: StreamId, end: bool) {
        let now = self.shared.clock.now();
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        stream.finish_response_headers(now);
        let headers = stream.response_headers.clone().unwrap_or_default();
        self.emit(id, HttpEffect::ResponseHeaders { headers, end });
        if end {
            self.finish(id);
        }
    }

    pub(in crate::host) fn emit_data(&mut self, id: StreamId, bytes: Vec<u8>, end: bool) {
        if let Some(stream) = self.world.http.get_mut(id) {
            stream.info.response_bytes += bytes.len() as u64;
        }
        self.emit(id, HttpEffect::ResponseData { bytes, end });
        if end {
            self.finish(id);
        }
    }

    // --- either ---

    pub(in crate::host) fn send_data(
        &mut self,
        id: StreamId,
        way: Direction,
        source: Source,
        end: bool,
    ) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let flow = stream.flow(way);
        let bytes = match source {
            Source::Chunk => std::mem::take(&mut flow.chunk),
            Source::Buffered => flow
                .buffered
                .as_mut()
                .map(std::mem::take)
                .unwrap_or_default(),
        };
        self.check_buffer(id, way);
        match way {
            Direction::Request => self.emit(id, HttpEffect::RequestData { bytes, end }),
            Direction::Response => self.emit_data(id, bytes, end),
        }
    }

    pub(in crate::host) fn send_trailers(&mut self, id: StreamId, way: Direction) {
        let stream = self.world.http.get(id);
        let trailers = stream
            .and_then(|stream| stream.trailers(way).cloned())
            .unwrap_or_default();
        match way {
            Direction::Request => self.emit(id, HttpEffect::RequestTrailers(trailers)),
            Direction::Response => {
                self.emit(id, HttpEffect::ResponseTrailers(trailers));
                self.finish(id);
            }
        }
    }

    fn emit(&mut self, id: StreamId, effect: HttpEffect) {
        self.world.effects.push_back(Effect::Http(id, effect));
    }
}

// What a filter has taken away or made invalid, the router sets to that of the connection.
fn restore_scheme(headers: &mut HeaderMap) {
    let scheme = headers.get(b":scheme").unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        headers.set(b":scheme", b"http");
    }
}

// Envoy checks header bytes at the router, and answers 503 with the offender's name (rules H9, H10, W6).
fn check_request(headers: &HeaderMap) -> Result<(), LocalReply> {
    if headers.get(b":method").is_none() {
        return Err(LocalReply::of_bad_request(
            b"missing required header: :method",
        ));
    }
    // A request that became a CONNECT has a path, as only those of HTTP/2's extended kind have (RFC 8441).
    let connect = headers.get(b":method") == Some(b"CONNECT");
    if connect && headers.get(b":path").is_some() && headers.get(b":protocol").is_none() {
        return Err(LocalReply::of_bad_request(
            b"missing required header: :protocol",
        ));
    }
    check_bytes(headers).map_err(|what| LocalReply::of_bad_request(&what))
}
