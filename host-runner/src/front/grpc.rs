//! gRPC calls and streams of filters on the wire: HTTP/2 messages, whose meaning the worker knows (rule 2.11).

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::body::{Announced, Body, BodySender, Completion, channel};
use super::call::Deadline;
use super::driver::Driver;
use super::forward::{Outgoing, outgoing_call};
use super::gate::Gate;
use super::read::{BodyReader, End, Piece};
use super::reset_reason::timed_out;
use super::respond::from_upstream;
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
        let request = outgoing_call(&request.headers, upstream.hop, false);
        let task = tokio::spawn(async move {
            let failed = match request {
                Ok(request) => {
                    let request = (request, Some(body));
                    exchange(&driver, id, (upstream, request, sent), deadline).await
                }
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
    (upstream, request, sent): (Upstream, (Outgoing, Option<Body>), Completion),
    deadline: Deadline,
) -> Result<(), LocalReply> {
    let (headers, body) = deadline
        .limit(upstream.send(request, |_| ()))
        .await
        .ok_or_else(timed_out)?
        .map_err(|reason| reason.before_response())?;
    let (headers, end) = (from_upstream(headers, sent.elapsed()), body.is_over());
    driver.tell(|worker| worker.grpc(id, GrpcEvent::Headers { headers, end }));
    let mut body = BodyReader::new(body, true, Arc::default());
    let mut more = !end;
    while more {
        let piece = deadline.limit(body.next()).await.ok_or_else(timed_out)?;
        let event = match piece {
            Piece::Data { bytes, end } => GrpcEvent::Data {
                bytes,
                end: end != End::No,
            },
            Piece::Trailers(trailers) => GrpcEvent::Trailers(trailers),
            Piece::Broken(reason) => return Err(reason.after_response()),
        };
        more = matches!(event, GrpcEvent::Data { end: false, .. });
        driver.tell(|worker| worker.grpc(id, event));
    }
    Ok(())
}
