//! Calls that filters make to clusters, HTTP and gRPC: their tokens, and what a root context has of them (rules C1 to
//! C6).

use std::collections::HashMap;
use std::time::Duration;

use crate::abi::Status;
use crate::host::effect::RootId;
use crate::host::faults::Fault;
use crate::host::grpc::Exchange;
use crate::host::header_map::HeaderMap;

/// One outstanding call: who waits for it, and under which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CallId {
    pub(crate) root: RootId,
    pub(crate) token: u32,
}

/// An HTTP request to send.
#[derive(Debug)]
pub(crate) struct HttpCall {
    pub(crate) cluster: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// None waits for ever (rule C1).
    pub(crate) timeout: Option<Duration>,
    /// How it fails on purpose.
    pub(crate) fault: Option<Fault>,
}

/// What came back. A call that failed before there was a response has one too, made by the proxy (rule C3).
#[derive(Debug)]
pub(crate) struct CallResponse {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// The kinds of call, as the two low bits of their tokens tell them apart (rule C1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    Http,
    GrpcCall,
    GrpcStream,
}

/// The last tokens of a VM. Each kind counts for itself: 4, 8 … then 5, 9 … then 6, 10 … (rules C1, 2.11).
#[derive(Debug)]
pub(crate) struct Tokens {
    http: u32,
    grpc_call: u32,
    grpc_stream: u32,
    question: u32,
}

/// The calls of one root context, and what its running callback is shown of one.
#[derive(Debug, Default)]
pub(crate) struct Callouts {
    /// Maps 6 and 7 and buffer 4 (rule C4).
    pub(crate) response: Option<CallResponse>,
    /// Maps 4 and 5 and buffer 5.
    pub(crate) initial_metadata: Option<HeaderMap>,
    pub(crate) trailing_metadata: Option<HeaderMap>,
    pub(crate) message: Option<Vec<u8>>,
    /// What `proxy_get_status` returns.
    pub(crate) status: CallStatus,
    /// gRPC calls and streams that the filter can still address.
    pub(crate) grpc: HashMap<u32, Exchange>,
}

/// How the last failed call or closed stream ended. The code stays when its callback is over, the message does not.
#[derive(Debug, Default)]
pub(crate) struct CallStatus {
    pub(crate) code: u32,
    pub(crate) message: Vec<u8>,
}

/// Apart from one token to the next of its kind.
const STEP: u32 = 4;

const TIMEOUT_MILLISECONDS: &[u8] = b"x-envoy-upstream-rq-timeout-ms";

/// What a caller may tell Envoy's router in headers. They end there, and only the first does anything here: host-runner
/// does not retry.
const FOR_THE_ROUTER: [&[u8]; 10] = [
    TIMEOUT_MILLISECONDS,
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-max-retries",
    b"x-envoy-retry-on",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retriable-header-names",
    b"x-envoy-hedge-on-per-try-timeout",
];

/// Makes the headers of a call those that its callee sees, who is told how long it may take and, where `internal`, that
/// it comes from a proxy (rule C5). Returns how long that is; none is for ever.
pub(crate) fn prepare(
    headers: &mut HeaderMap,
    timeout: Option<Duration>,
    internal: bool,
) -> Option<Duration> {
    if internal {
        headers.replace(b"x-envoy-internal", b"true");
    }
    let told = headers
        .get(TIMEOUT_MILLISECONDS)
        .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .map(Duration::from_millis);
    for name in FOR_THE_ROUTER {
        headers.remove(name);
    }
    let timeout = told.or(timeout).filter(|timeout| !timeout.is_zero())?;
    let milliseconds = timeout.as_millis().to_string();
    headers.replace(b"x-envoy-expected-rq-timeout-ms", milliseconds.as_bytes());
    Some(timeout)
}

// === impl CallResponse ===

impl CallResponse {
    /// How many headers, bytes and trailers there are.
    pub(crate) fn counts(&self) -> (u32, u32, u32) {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (
            count(self.headers.len()),
            count(self.body.len()),
            count(self.trailers.len()),
        )
    }
}

// === impl CallStatus ===

impl CallStatus {
    /// Of an HTTP call that broke off after it had begun (rule C3).
    pub(crate) fn reset() -> Self {
        Self {
            code: Status::BROKEN_CONNECTION.0,
            message: b"reset".to_vec(),
        }
    }
}

// === impl CallKind ===

impl CallKind {
    /// None of the kinds has the bits `11`.
    pub(crate) fn of(token: u32) -> Option<Self> {
        match token % STEP {
            0 => Some(Self::Http),
            1 => Some(Self::GrpcCall),
            2 => Some(Self::GrpcStream),
            _ => None,
        }
    }
}

// === impl Tokens ===

impl Default for Tokens {
    fn default() -> Self {
        Self {
            http: 0,
            grpc_call: 1,
            grpc_stream: 2,
            question: 1,
        }
    }
}

impl Tokens {
    pub(crate) fn next(&mut self, kind: CallKind) -> u32 {
        let last = match kind {
            CallKind::Http => &mut self.http,
            CallKind::GrpcCall => &mut self.grpc_call,
            CallKind::GrpcStream => &mut self.grpc_stream,
        };
        *last = last.wrapping_add(STEP);
        *last
    }

    /// That of a question for addresses.
    pub(crate) fn next_question(&mut self) -> u32 {
        self.question = self.question.wrapping_add(1);
        self.question
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_call_counts_for_itself() {
        let mut tokens = Tokens::default();
        let kinds = [CallKind::Http, CallKind::GrpcCall, CallKind::GrpcStream];
        let issued: Vec<u32> = kinds
            .iter()
            .chain(&kinds)
            .map(|kind| tokens.next(*kind))
            .collect();
        assert_eq!(issued, [4, 5, 6, 8, 9, 10]);
    }

    #[test]
    fn a_header_for_the_router_ends_there() {
        let mut headers = HeaderMap::request();
        headers.add(TIMEOUT_MILLISECONDS, b"70");
        headers.add(b"x-envoy-retry-on", b"5xx");
        let timeout = prepare(&mut headers, Some(Duration::from_secs(1)), true);
        assert_eq!(timeout, Some(Duration::from_millis(70)));
        let left: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(
            left,
            [&b"x-envoy-internal"[..], b"x-envoy-expected-rq-timeout-ms"]
        );
    }

    #[test]
    fn a_token_tells_its_kind() {
        assert_eq!(CallKind::of(8), Some(CallKind::Http));
        assert_eq!(CallKind::of(5), Some(CallKind::GrpcCall));
        assert_eq!(CallKind::of(10), Some(CallKind::GrpcStream));
        assert_eq!(CallKind::of(7), None);
    }
}
