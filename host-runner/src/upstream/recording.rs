//! What the upstreams of one listener received, and what they answer.
//! One recording serves all clusters, so the order of arrival is known and a request cannot hide.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::{Received, Reply, Responder};
use crate::host::faults::Fault;

/// Shared by the upstreams of one listener.
#[derive(Debug, Default)]
pub struct Recording {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answer: Answer,
    of_clusters: BTreeMap<String, Answer>,
    received: Vec<Received>,
}

/// What the upstreams answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status code; 200 by default.
    pub status: StatusCode,
    /// Headers beside `content-length`, and beside the echo's `content-type`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; without one, a JSON echo of cluster, method and path. Headers are not echoed, because each
    /// proxy adds its own.
    pub body: Option<Bytes>,
    /// The answer comes this much later.
    pub after: Duration,
    /// What goes wrong instead.
    pub fault: Option<Fault>,
}

// === impl Recording ===

impl Recording {
    /// Forgets what was received and answers like this from now on, these clusters each in their own way.
    pub fn begin(&self, answer: Answer, of_clusters: BTreeMap<String, Answer>) {
        *self.lock() = State {
            answer,
            of_clusters,
            received: Vec::new(),
        };
    }

    /// What was received since [`Recording::begin`].
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.lock().received)
    }

    /// A responder that records here.
    #[must_use]
    pub fn responder(self: &Arc<Self>) -> Responder {
        let recording = Arc::clone(self);
        Arc::new(move |received| recording.answer(received))
    }

    fn answer(&self, received: Received) -> Reply {
        let mut state = self.lock();
        let own = state.of_clusters.get(&received.cluster);
        let answer = own.unwrap_or(&state.answer);
        let reply = Reply {
            after: answer.after,
            fault: answer.fault,
            ..Reply::from(answer.respond_to(&received))
        };
        // What nobody listens for does not arrive.
        if reply.fault != Some(Fault::ConnectionRefused) {
            state.received.push(received);
        }
        reply
    }

    // A panic elsewhere leaves the state whole: every change of it is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Answer ===

impl Answer {
    fn respond_to(&self, received: &Received) -> Response<Bytes> {
        let mut response = Response::new(self.body.clone().unwrap_or_else(|| echo(received)));
        *response.status_mut() = self.status;
        let mut headers =
            self.headers
                .iter()
                .cloned()
                .fold(HeaderMap::new(), |mut headers, (name, value)| {
                    headers.append(name, value);
                    headers
                });
        if self.body.is_none() && !headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        *response.headers_mut() = headers;
        response
    }
}

fn echo(received: &Received) -> Bytes {
    let echo =
        json!({"cluster": received.cluster, "method": received.method, "path": received.path});
    echo.to_string().into()
}
