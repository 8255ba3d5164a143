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
use crate::host::grpc::frames;

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
    /// What an upstream that talks over TCP says first.
    pub greeting: Bytes,
    /// The answer to a gRPC call or stream, in the place of headers and body.
    pub grpc: Option<GrpcAnswer>,
}

/// What a gRPC call or stream is answered.
#[derive(Debug, Clone, Default)]
pub struct GrpcAnswer {
    /// In order.
    pub messages: Vec<Vec<u8>>,
    /// `grpc-status`.
    pub status: u32,
    /// `grpc-message`.
    pub text: String,
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

    /// What a cluster answers now.
    pub(crate) fn answer_of(&self, cluster: &str) -> Answer {
        let state = self.lock();
        let own = state.of_clusters.get(cluster);
        own.unwrap_or(&state.answer).clone()
    }

    /// A cluster has received this.
    pub(crate) fn record(&self, received: Received) {
        self.lock().received.push(received);
    }

    /// A responder that records here.
    #[must_use]
    pub fn responder(self: &Arc<Self>) -> Responder {
        let recording = Arc::clone(self);
        Arc::new(move |received| recording.answer(received))
    }

    fn answer(&self, received: Received) -> Reply {
        let answer = self.answer_of(&received.cluster);
        let trailers = answer.grpc.as_ref().map(GrpcAnswer::trailers);
        let reply = Reply {
            after: answer.after,
            fault: answer.fault,
            trailers: trailers.unwrap_or_default(),
            ..Reply::from(answer.respond_to(&received))
        };
        // What nobody listens for does not arrive.
        if reply.fault != Some(Fault::ConnectionRefused) {
            self.record(received);
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
        if let Some(grpc) = &self.grpc {
            return grpc.respond();
        }
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

// === impl GrpcAnswer ===

impl GrpcAnswer {
    fn respond(&self) -> Response<Bytes> {
        let mut body = Vec::new();
        for message in &self.messages {
            body.extend(frames::framed(message));
        }
        let mut response = Response::new(body.into());
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(header::CONTENT_TYPE, grpc);
        response
    }

    // A text that no header can hold is left out.
    fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", self.status.into());
        if let Ok(text) = HeaderValue::from_str(&self.text)
            && !text.is_empty()
        {
            trailers.insert("grpc-message", text);
        }
        trailers
    }
}

fn echo(received: &Received) -> Bytes {
    let echo =
        json!({"cluster": received.cluster, "method": received.method, "path": received.path});
    echo.to_string().into()
}
