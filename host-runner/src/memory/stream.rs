//! What a stream is connected to: its client and, from when the router sends it on, its upstream.

use super::body::{Body, Piece};
use super::call::refused;
use super::client::Gathered;
use super::proxy::{Event, Place, Proxy};
use super::upstream::{Exchange, parts_of};
use crate::front::forward::outgoing;
use crate::front::reset_reason::ResetReason;
use crate::front::respond;
use crate::front::upstreams::Hop;
use crate::host::effect::HttpEffect;
use crate::host::faults::Fault;
use crate::host::header_map::HeaderMap;
use crate::host::stream::{Direction, UpstreamInfo};
use crate::upstream::Reply;

/// The two ends of a stream.
pub(super) struct Wires {
    pub(super) request: Body,
    pub(super) response: Body,
    pub(super) client: Gathered,
    /// None before the request is sent on, and once it is answered.
    exchange: Option<Exchange>,
    http1_trailers: bool,
    sends_trailers: bool,
}

// === impl Wires ===

impl Wires {
    pub(super) fn new(request: Body, client: Gathered, http1_trailers: bool) -> Self {
        Self {
            request,
            response: Body::default(),
            client,
            exchange: None,
            http1_trailers,
            sends_trailers: false,
        }
    }

    pub(super) fn body(&mut self, way: Direction) -> &mut Body {
        match way {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

// === impl Proxy ===

impl Proxy {
    pub(super) fn http(&mut self, place: Place, effect: HttpEffect) {
        if matches!(effect, HttpEffect::Finished) {
            return self.finished(place);
        }
        let Some(wires) = self.streams.get_mut(&place) else {
            return;
        };
        match effect {
            HttpEffect::RequestHeaders {
                headers,
                cluster,
                end,
            } => self.send_request(place, &headers, (cluster, end)),
            // There is a connection to every upstream.
            HttpEffect::UnsendableRequest { reply, .. } => {
                self.tell(place.0, |worker| worker.unsendable(place.1, *reply));
            }
            HttpEffect::RequestData { bytes, end } => {
                if let Some(exchange) = &mut wires.exchange {
                    exchange.body.extend(bytes);
                }
                if end {
                    self.request_sent(place);
                }
            }
            HttpEffect::RequestTrailers(trailers) => {
                if let Some(exchange) = wires.exchange.as_mut().filter(|_| wires.sends_trailers) {
                    exchange.trailers = respond::trailers(&trailers);
                }
                self.request_sent(place);
            }
            HttpEffect::ResponseHeaders { headers, end } => wires.client.begin(&headers, end),
            HttpEffect::ResponseData { bytes, .. } => wires.client.data(&bytes),
            HttpEffect::ResponseTrailers(trailers) => {
                let pass = wires.http1_trailers;
                wires.client.trailers(&trailers, pass);
            }
            HttpEffect::Reset => wires.client.broken = Some(super::Broken::Reset),
            HttpEffect::Read(way, read) => {
                let body = wires.body(way);
                body.stopped = !read;
                if read && std::mem::take(&mut body.waiting) {
                    self.next_piece(place, way);
                }
            }
            HttpEffect::Finished => {}
        }
    }

    fn finished(&mut self, place: Place) {
        if let Some(wires) = self.streams.remove(&place) {
            self.outcomes.insert(place, wires.client.finish());
        }
        if let Some(worker) = self.workers.get_mut(place.0) {
            worker.forget(place.1);
        }
    }

    fn send_request(&mut self, place: Place, headers: &HeaderMap, (cluster, end): (usize, bool)) {
        let now = self.instants();
        let Some(worker) = self.workers.get_mut(place.0) else {
            return;
        };
        let stream = worker.stream(place.1);
        let Some(cluster) = stream.and_then(|it| it.chain.clusters.get(cluster)) else {
            return;
        };
        let hop = Hop::to(cluster);
        let backend = self.backends.get(&cluster.name).cloned();
        match outgoing(headers, hop, end) {
            Ok(request) => {
                if let Some(wires) = self.streams.get_mut(&place) {
                    let passes_trailers = hop.http2 || wires.http1_trailers;
                    wires.exchange = Some(Exchange::new(request, backend, hop.http2));
                    wires.sends_trailers = passes_trailers;
                }
                // Connections take no time here.
                let connected = UpstreamInfo::connected(hop.address, self.address, now);
                worker.upstream(place.1, connected);
                if end {
                    self.request_sent(place);
                }
            }
            Err(reply) => worker.unsendable(place.1, reply),
        }
    }

    fn request_sent(&mut self, place: Place) {
        let wires = self.streams.get_mut(&place);
        if let Some(exchange) = wires.and_then(|wires| wires.exchange.take()) {
            let now = self.now();
            let reply = exchange.answer(now);
            self.add_after(reply.after, Event::Response(place, Box::new(reply)));
        }
    }

    /// The upstream's answer is here.
    pub(super) fn response(&mut self, place: Place, reply: Reply) {
        let pass = self.streams.get(&place).is_some_and(|it| it.http1_trailers);
        let reason = match reply.fault {
            Some(Fault::Silence) => return,
            Some(Fault::ConnectionRefused | Fault::RefusedDispatch) => Some(refused()),
            Some(Fault::Reset) => Some(ResetReason::Termination),
            _ => None,
        };
        if let Some(reason) = reason {
            return self.tell(place.0, |worker| {
                worker.upstream_failed(place.1, reason.flag(), reason.before_response());
            });
        }
        let breaks = reply.fault == Some(Fault::ResetInBody);
        let (after, delivery) = (reply.after, self.delivery);
        let http1 = reply.response.version() < http::Version::HTTP_2;
        let (headers, bytes, trailers) = parts_of(reply, pass);
        let mut body = Body::new(&bytes, trailers, http1, (delivery, &mut self.random));
        if breaks {
            body = body.broken(ResetReason::Protocol);
        }
        let end = body.is_over();
        if let Some(wires) = self.streams.get_mut(&place) {
            wires.response = body;
        }
        let headers = respond::from_upstream(headers, Some(after));
        self.tell(place.0, |worker| worker.response(place.1, headers, end));
        if !end {
            self.next_piece(place, Direction::Response);
        }
    }

    /// The next piece of a body is on its way.
    pub(super) fn next_piece(&mut self, place: Place, way: Direction) {
        let delivery = self.delivery;
        if let Some(wires) = self.streams.get_mut(&place) {
            let body = wires.body(way);
            if !body.is_over() {
                let after = match way {
                    Direction::Request => delivery.before_piece(body.told),
                    // Calls are timed against the request's body only, so that each case has one order.
                    Direction::Response => std::time::Duration::ZERO,
                };
                self.add_after(after, Event::Piece(place, way));
            }
        }
    }

    /// A piece has come.
    pub(super) fn piece(&mut self, place: Place, way: Direction) {
        let Some(wires) = self.streams.get_mut(&place) else {
            return;
        };
        let body = wires.body(way);
        if body.stopped {
            body.waiting = true;
            return;
        }
        let Some(piece) = body.next() else {
            return;
        };
        self.tell(place.0, |worker| match piece {
            Piece::Data { bytes, end } => worker.arrived(place.1, way, bytes, end),
            Piece::Trailers(trailers) => worker.trailers_arrived(place.1, way, trailers),
            Piece::Broken(reason) => {
                worker.upstream_failed(place.1, reason.flag(), reason.after_response());
            }
        });
        self.next_piece(place, way);
    }
}
