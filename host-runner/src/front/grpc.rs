//! gRPC calls and streams of filters on the wire: HTTP/2 messages, whose meaning the worker knows (rule 2.11).

use std::collections::HashMap;
use std::sync::Arc;

use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::task::AbortHandle;

use super::body::{Announced, Body, BodySender, Completion, channel};
use super::call::Deadline;
use super::driver::Driver;
use super::forward::upstream_request;
use super::gate::Gate;
use super::reset_reason::{ResetReason, timed_out};
use super::respond::{from_upstream, header_map};
use super::upstreams::Upstream;
use crate::host::callout::CallId;
use crate::host::grpc::{GrpcEvent, GrpcRequest};
use crate::host::reply::LocalReply;

/// The exchanges that are under way.
#[derive(Default)]
pub(super) struct Lines(HashMap<CallId, Line>);

/// One exchange: where its messages go, and the task that waits for the response.
struct Line {
    body: Option<BodySender>,
    task: AbortHandle,
}

// === impl Lines ===

impl Lines {
    pub(super) fn open(
        &mut self,
        driver: Arc<Driver>,
        upstream: Upstream,
        (id, request): (CallId, GrpcRequest),
    ) {
        let (sender, body) = channel(Arc::<Gate>::default(), Announced::default(), ());
        let deadline = Deadline::new(request.timeout);
        let sent = sender.completion();
        let request = upstream_request(&request.headers, upstream.hop, body);
        let task = tokio::spawn(async move {
            let failed = match request {
                Ok(request) => exchange(&driver, id, (upstream, request, sent), deadline).await,
                Err(reply) => Err(reply),
            };
            if let Err(reply) = failed {
                driver.tell(|worker| worker.grpc(id, GrpcEvent::Failed(reply)));
            }
        });
        let line = Line {
            body: Some(sender),
            task: task.abort_handle(),
        };
        self.0.insert(id, line);
    }

    /// Sends bytes; what follows the end is lost.
    pub(super) fn send(&mut self, id: CallId, bytes: Vec<u8>, end: bool) {
        if let Some(line) = self.0.get_mut(&id)
            && let Some(body) = line.body.as_ref()
        {
            body.data(bytes, end);
            if end {
                line.body = None;
            }
        }
    }

    pub(super) fn reset(&mut self, id: CallId) {
        if let Some(line) = self.0.remove(&id) {
            line.reset();
        }
    }

    /// Resets those of a VM.
    pub(super) fn drop_vm(&mut self, vm: usize) {
        for (_, line) in self.0.extract_if(|id, _| id.root.vm == vm) {
            line.reset();
        }
    }
}

// === impl Line ===

impl Line {
    fn reset(self) {
        if let Some(body) = self.body {
            body.cut();
        }
        self.task.abort();
    }
}

// What failed, if anything did, in the proxy's words.
async fn exchange(
    driver: &Driver,
    id: CallId,
    (upstream, request, sent): (Upstream, Request<Body>, Completion),
    deadline: Deadline,
) -> Result<(), LocalReply> {
    let response = deadline
        .limit(upstream.send(request, |_| ()))
        .await
        .ok_or_else(timed_out)?
        .map_err(|reason| reason.before_response())?;
    let (parts, mut incoming) = response.into_parts();
    let headers = from_upstream(&parts, sent.elapsed());
    let end = incoming.is_end_stream();
    driver.tell(|worker| worker.grpc(id, GrpcEvent::Headers { headers, end }));
    let mut more = !end;
    while more {
        let event = deadline.limit(next(&mut incoming)).await;
        let event = event
            .ok_or_else(timed_out)?
            .map_err(|reason| reason.after_response())?;
        more = matches!(event, GrpcEvent::Data { end: false, .. });
        driver.tell(|worker| worker.grpc(id, event));
    }
    Ok(())
}

async fn next(incoming: &mut Incoming) -> Result<GrpcEvent, ResetReason> {
    let frame = match incoming.frame().await {
        Some(frame) => frame.map_err(|error| ResetReason::of(&error))?,
        None => {
            return Ok(GrpcEvent::Data {
                bytes: Vec::new(),
                end: true,
            });
        }
    };
    Ok(match frame.into_data() {
        Ok(data) => GrpcEvent::Data {
            bytes: data.into(),
            end: incoming.is_end_stream(),
        },
        Err(frame) => GrpcEvent::Trailers(header_map(&frame.into_trailers().unwrap_or_default())),
    })
}
