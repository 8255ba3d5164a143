//! What an upstream answers, and how it fails to.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::host::faults::Fault;

/// What an upstream answers.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Status, headers and body. `content-length` and `date` are added where they are not given.
    pub response: Response<Bytes>,
    /// Trailers after the body; over HTTP/1 they are lost unless the listener passes them on.
    pub trailers: HeaderMap,
    /// The answer comes this much later.
    pub after: Duration,
    /// What goes wrong instead.
    pub fault: Option<Fault>,
}

// === impl Reply ===

impl Reply {
    /// Status, body, nothing else.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        Self::from(response)
    }

    /// The same reply, later.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self {
            response,
            ..Self::default()
        }
    }
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }
}
