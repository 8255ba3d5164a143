//! Calls that filters make: HTTP requests to a cluster, answered to the root context (rules C1 to C6).

use std::time::Duration;

use crate::host::effect::RootId;
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
    pub(crate) trailers: HeaderMap,
    /// None waits for ever (rule C1).
    pub(crate) timeout: Option<Duration>,
}

/// What came back. A call that failed has a response too, made by the proxy (rule C3).
#[derive(Debug)]
pub(crate) struct CallResponse {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// Tokens start at 4 and go up by 4; the two low bits say which kind of call it is (rule C1).
#[derive(Debug, Default)]
pub(crate) struct HttpTokens(u32);

// === impl HttpTokens ===

impl HttpTokens {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(4);
        self.0
    }
}
