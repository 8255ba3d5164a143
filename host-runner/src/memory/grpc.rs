//! gRPC calls and streams of filters: the cluster answers once the filter has sent all (rule 2.11).

use std::time::Duration;

use super::call::refused;
use super::proxy::{Event, Proxy};
use super::upstream::{Exchange, parts_of};
use crate::front::forward::outgoing_call;
use crate::front::reset_reason::{ResetReason, timed_out};
use crate::front::respond;
use crate::host::callout::CallId;
use crate::host::faults::Fault;
use crate::host::grpc::{GrpcEffect, GrpcEvent, GrpcRequest};
use crate::upstream::Reply;

/// An exchange that is under way.
pub(super) struct Line {
    /// None once it is answered.
    exchange: Option<Exchange>,
    fault: Option<Fault>,
    timeout: Option<Duration>,
}

/// So that the parts of a response stay in their order.
const MOMENT: Duration = Duration::from_nanos(1);

impl Proxy {
    pub(super) fn grpc(&mut self, worker: usize, id: CallId, effect: GrpcEffect) {
        let line = (worker, id);
        match effect {
            GrpcEffect::Open(request) => self.open_line(line, &request),
            GrpcEffect::Send { bytes, end } => {
                let exchange = self
                    .lines
                    .get_mut(&line)
                    .and_then(|it| it.exchange.as_mut());
                if let Some(exchange) = exchange {
                    exchange.body.extend(bytes);
                    if end {
                        self.answer_line(line);
                    }
                }
            }
            GrpcEffect::Reset => {
                self.lines.remove(&line);
            }
        }
    }

    fn open_line(&mut self, line: (usize, CallId), request: &GrpcRequest) {
        let Some((hop, backend, _)) = self.callee(line.0, &request.cluster) else {
            return;
        };
        let exchange = outgoing_call(&request.headers, hop, false);
        let exchange = exchange.map(|it| Exchange::new(it, backend, hop.http2));
        if let Some(timeout) = request.timeout {
            self.add_after(timeout, grpc_event(line, GrpcEvent::Failed(timed_out())));
        }
        let early = match (exchange.as_ref(), request.fault) {
            (Err(reply), _) => Some(reply.clone()),
            (_, Some(Fault::ConnectionRefused)) => Some(refused().before_response()),
            (_, Some(Fault::Reset)) => Some(ResetReason::Termination.before_response()),
            _ => None,
        };
        if let Some(reply) = early {
            self.add(grpc_event(line, GrpcEvent::Failed(reply)));
        }
        let state = Line {
            exchange: exchange.ok(),
            fault: request.fault,
            timeout: request.timeout,
        };
        self.lines.insert(line, state);
    }

    fn answer_line(&mut self, line: (usize, CallId)) {
        let now = self.now();
        let Some(state) = self.lines.get_mut(&line) else {
            return;
        };
        let (fault, timeout) = (state.fault, state.timeout);
        let Some(exchange) = state.exchange.take() else {
            return;
        };
        let reply = match fault {
            Some(Fault::Status(status)) => Reply::new(respond::status_code(status.into()), ""),
            _ => exchange.answer(now),
        };
        let fault = fault.or(reply.fault);
        let failure = match fault {
            Some(Fault::ConnectionRefused) => Some(refused().before_response()),
            Some(Fault::Reset) => Some(ResetReason::Termination.before_response()),
            _ => None,
        };
        if let Some(failure) = failure {
            return self.add(grpc_event(line, GrpcEvent::Failed(failure)));
        }
        let slow = match fault {
            Some(Fault::Slow(by)) => by,
            Some(Fault::Silence) => return,
            _ => Duration::ZERO,
        };
        let Some(after) = self.delivery.answer_after(timeout) else {
            return;
        };
        self.deliver(line, after + slow + reply.after, (reply, fault));
    }

    fn deliver(
        &mut self,
        line: (usize, CallId),
        after: Duration,
        (reply, fault): (Reply, Option<Fault>),
    ) {
        let (headers, body, trailers) = parts_of(reply, true);
        let headers = respond::from_upstream(headers, Some(after));
        let end = body.is_empty() && trailers.is_none();
        self.add_after(after, grpc_event(line, GrpcEvent::Headers { headers, end }));
        if fault == Some(Fault::ResetInBody) {
            let reason = ResetReason::Termination.after_response();
            return self.add_after(after + MOMENT, grpc_event(line, GrpcEvent::Failed(reason)));
        }
        if !body.is_empty() {
            let data = GrpcEvent::Data {
                bytes: body.into(),
                end: trailers.is_none(),
            };
            self.add_after(after + MOMENT, grpc_event(line, data));
        }
        if let Some(trailers) = trailers {
            let trailers = GrpcEvent::Trailers(trailers);
            self.add_after(after + 2 * MOMENT, grpc_event(line, trailers));
        }
    }

    /// Something of a response has come; the last of it ends the exchange.
    pub(super) fn grpc_event(&mut self, line: (usize, CallId), event: GrpcEvent) {
        let is_last = match &event {
            GrpcEvent::Headers { end, .. } | GrpcEvent::Data { end, .. } => *end,
            GrpcEvent::Trailers(_) | GrpcEvent::Failed(_) => true,
        };
        let is_open = match is_last {
            true => self.lines.remove(&line).is_some(),
            false => self.lines.contains_key(&line),
        };
        if is_open {
            self.tell(line.0, |worker| worker.grpc(line.1, event));
        }
    }
}

fn grpc_event((worker, id): (usize, CallId), event: GrpcEvent) -> Event {
    Event::Grpc(worker, id, Box::new(event))
}
