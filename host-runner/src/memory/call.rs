//! HTTP calls of filters: answered by the cluster's responder, or as they fail (rules C1 to C6).

use std::time::Duration;

use super::proxy::{Event, Proxy};
use super::upstream::{Backend, Exchange, parts_of};
use crate::front::call::ProxyAnswer;
use crate::front::forward::outgoing_call;
use crate::front::reset_reason::{ResetReason, timed_out};
use crate::front::respond;
use crate::front::upstreams::Hop;
use crate::host::callout::{CallId, CallResponse, HttpCall};
use crate::host::faults::Fault;
use crate::host::reply::LocalReply;
use crate::upstream::Reply;

/// Where a token is that no call has.
const UNKNOWN: u32 = 1_000_000;

impl Proxy {
    pub(super) fn call(&mut self, worker: usize, id: CallId, call: HttpCall) {
        let Some((hop, backend, trailers)) = self.callee(worker, &call.cluster) else {
            return;
        };
        self.calls.insert((worker, id));
        let (answer, timeout) = (ProxyAnswer::to(&call.headers), call.timeout);
        let request = outgoing_call(&call.headers, hop, call.body.is_empty());
        let request = match request {
            Ok(request) => request,
            Err(reply) => return self.answer((worker, id), Duration::ZERO, Some(answer.of(reply))),
        };
        let mut exchange = Exchange::new(request, backend, hop.http2);
        exchange.body = call.body;
        let reply = match call.fault.and_then(before_response) {
            Some(fault) => Reply::from(fault),
            None => exchange.answer(self.now()),
        };
        let fault = call.fault.or(reply.fault);
        let slow = match fault {
            Some(Fault::Slow(by)) => by,
            _ => Duration::ZERO,
        };
        let Some(after) = self.delivery.answer_after(timeout) else {
            let response = outcome(reply, fault, (answer, trailers));
            return self.withhold((worker, id), response);
        };
        let after = after + reply.after + slow;
        let is_late = timeout.is_some_and(|timeout| after >= timeout);
        match (fault, timeout) {
            (Some(Fault::Silence), None) => {}
            (Some(Fault::Silence), Some(timeout)) => {
                self.answer((worker, id), timeout, Some(answer.of(timed_out())));
            }
            (_, Some(timeout)) if is_late => {
                self.answer((worker, id), timeout, Some(answer.of(timed_out())));
            }
            _ => {
                if fault == Some(Fault::UnknownToken) {
                    let unknown = CallId {
                        token: id.token + UNKNOWN,
                        ..id
                    };
                    let response = answer.of(timed_out());
                    self.add_after(after, Event::Forged(worker, unknown, Box::new(response)));
                }
                if fault == Some(Fault::Twice) {
                    let response = answer.of(timed_out());
                    let later = after + Duration::from_micros(1);
                    self.add_after(later, Event::Forged(worker, id, Box::new(response)));
                }
                self.answer(
                    (worker, id),
                    after,
                    outcome(reply, fault, (answer, trailers)),
                );
            }
        }
    }

    fn answer(
        &mut self,
        (worker, id): (usize, CallId),
        after: Duration,
        response: Option<CallResponse>,
    ) {
        self.add_after(after, Event::Call(worker, id, response.map(Box::new)));
    }

    /// Where a call to a cluster goes, who answers there, and whether HTTP/1 trailers pass.
    pub(super) fn callee(
        &self,
        worker: usize,
        cluster: &str,
    ) -> Option<(Hop, Option<Backend>, bool)> {
        let worker = self.workers.get(worker)?;
        let trailers = worker.passes_trailers(cluster);
        let cluster = worker.cluster(cluster)?;
        let backend = self.backends.get(&cluster.name).cloned();
        Some((Hop::to(cluster), backend, trailers))
    }
}

// Those of which the callee sees nothing.
fn before_response(fault: Fault) -> Option<Fault> {
    match fault {
        Fault::ConnectionRefused | Fault::RefusedDispatch => Some(Fault::ConnectionRefused),
        Fault::Status(_) => Some(fault),
        _ => None,
    }
}

// What comes back; none is what broke off after it had begun (rule C3).
fn outcome(
    reply: Reply,
    fault: Option<Fault>,
    (answer, trailers): (ProxyAnswer, bool),
) -> Option<CallResponse> {
    let failed = |reply: LocalReply| Some(answer.of(reply));
    match fault {
        Some(Fault::ConnectionRefused | Fault::RefusedDispatch) => {
            failed(refused().before_response())
        }
        Some(Fault::Reset) => failed(ResetReason::Termination.before_response()),
        Some(Fault::ResetInBody) => None,
        Some(Fault::Status(status)) => {
            let response = Reply::new(respond::status_code(status.into()), "");
            Some(response_of(response, trailers))
        }
        _ => Some(response_of(reply, trailers)),
    }
}

/// Nobody listens there.
pub(super) fn refused() -> ResetReason {
    ResetReason::Connect(Some("Connection refused".to_owned()))
}

fn response_of(reply: Reply, pass_trailers: bool) -> CallResponse {
    let after = reply.after;
    let (headers, body, trailers) = parts_of(reply, pass_trailers);
    CallResponse {
        headers: respond::from_callee(headers, Some(after)),
        body: body.into(),
        trailers: trailers.unwrap_or_default(),
    }
}
