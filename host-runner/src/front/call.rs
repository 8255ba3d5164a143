//! HTTP calls of filters, and the answers that the proxy makes itself (rules C1 to C6).

use std::sync::Arc;

use super::body::{Completion, full};
use super::forward::outgoing_call;
use super::read::{BodyReader, Piece};
use super::reset_reason::timed_out;
use super::respond::from_callee;
use super::upstreams::Upstream;
use crate::host::callout::{CallResponse, HttpCall};
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;

/// Makes a filter's call. What fails before the response is answered as Envoy answers it; none is what broke off after
/// it had begun (rule C3).
pub(crate) async fn call(
    upstream: Upstream,
    call: HttpCall,
    passes_trailers: bool,
) -> Option<CallResponse> {
    let answer = ProxyAnswer::to(&call.headers);
    let request = match outgoing_call(&call.headers, upstream.hop, call.body.is_empty()) {
        Ok(request) => request,
        Err(reply) => return Some(answer.of(reply)),
    };
    let body = (!call.body.is_empty()).then(|| full(call.body));
    let (sent, deadline) = (Completion::now(), Deadline::new(call.timeout));
    let (headers, body) = match deadline.limit(upstream.send((request, body), |_| ())).await {
        Some(Ok(response)) => response,
        Some(Err(reason)) => return Some(answer.of(reason.before_response())),
        None => return Some(answer.of(timed_out())),
    };
    let headers = from_callee(headers, sent.elapsed());
    let body = BodyReader::new(body, passes_trailers, Arc::default());
    deadline.limit(collect(headers, body)).await?
}

async fn collect(headers: HeaderMap, mut source: BodyReader) -> Option<CallResponse> {
    let mut response = CallResponse {
        headers,
        body: Vec::new(),
        trailers: HeaderMap::default(),
    };
    while !source.is_over() {
        match source.next().await {
            Piece::Data { bytes, .. } => response.body.extend(bytes),
            Piece::Trailers(trailers) => response.trailers = trailers,
            Piece::Broken(_) => return None,
        }
    }
    Some(response)
}

/// When a call is over, if ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Option<tokio::time::Instant>);

/// How the proxy answers a call itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProxyAnswer {
    to_grpc: bool,
    to_head: bool,
}

// === impl Deadline ===

impl Deadline {
    pub(super) fn new(timeout: Option<std::time::Duration>) -> Self {
        Self(timeout.map(|timeout| tokio::time::Instant::now() + timeout))
    }

    /// Waits for something, but no longer than this.
    pub(super) async fn limit<F: Future>(self, awaited: F) -> Option<F::Output> {
        match self.0 {
            Some(deadline) => tokio::time::timeout_at(deadline, awaited).await.ok(),
            None => Some(awaited.await),
        }
    }
}

// === impl ProxyAnswer ===

impl ProxyAnswer {
    pub(crate) fn to(headers: &HeaderMap) -> Self {
        Self {
            to_grpc: headers.is_grpc(),
            to_head: headers.get(b":method") == Some(b"HEAD"),
        }
    }

    pub(crate) fn of(self, reply: LocalReply) -> CallResponse {
        let (headers, body) = reply.into_response(self.to_grpc);
        CallResponse {
            headers,
            body: if self.to_head { Vec::new() } else { body },
            trailers: HeaderMap::default(),
        }
    }
}
