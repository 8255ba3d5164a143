//! Replies that filters or the proxy make themselves: which response callbacks still see them (rules Y2, Y3, T1).

use super::{Direction, Exchange, Flow, Stop};
use crate::host::reply;
use crate::host::stream::{PendingReply, Stage};
use crate::host::worker::Worker;

impl Exchange {
    /// A response the proxy itself makes (no route, no upstream): it passes the whole chain (rule Y2).
    pub(crate) fn proxy_reply(&mut self, worker: &mut Worker, reply: PendingReply) -> Vec<u8> {
        let body = reply::begin(&mut self.stream, reply);
        self.encode(worker, worker.plugins.len(), None, body)
    }

    // A filter ended the request: the reply passes its own response callbacks and those of the filters before it (rule
    // Y2). A failed VM has none (rule T1).
    pub(super) fn stopped(&mut self, worker: &mut Worker, index: usize, stop: Stop) -> Vec<u8> {
        let count = index + usize::from(!matches!(stop, Stop::Failed));
        let holds_request = (self.stream.stage == Stage::RequestHeaders).then_some(index);
        let body = reply::begin(&mut self.stream, reply_for(stop));
        self.encode(worker, count, holds_request, body)
    }

    // A filter replaced the response while it passed: no response callback runs for the new one (rule Y3).
    pub(super) fn response_stopped(&mut self, stop: Stop) -> Vec<u8> {
        let body = reply::begin(&mut self.stream, reply_for(stop));
        self.without_body_for_head(body)
    }

    // The answer to HEAD says how long the body would be.
    fn without_body_for_head(&self, body: Vec<u8>) -> Vec<u8> {
        match self.stream.request_headers.get(b":method") {
            Some(b"HEAD") => Vec::new(),
            _ => body,
        }
    }

    // Runs the response callbacks of the first `count` filters, last first, on a complete response. The filter that
    // never let the request headers go still sees them (rule H1).
    fn encode(
        &mut self,
        worker: &mut Worker,
        count: usize,
        holds_request: Option<usize>,
        body: Vec<u8>,
    ) -> Vec<u8> {
        let mut body = self.without_body_for_head(body);
        for index in (0..count).rev() {
            let Some(plugin) = worker.plugins.get_mut(index) else {
                continue;
            };
            self.stream.stage = Stage::ResponseHeaders;
            self.stream.holds_request = holds_request == Some(index);
            let headers = self.stream.response_headers.len();
            match self.call(
                plugin,
                index,
                "proxy_on_response_headers",
                headers,
                Some(body.is_empty()),
            ) {
                Flow::Stop(stop) => return self.response_stopped(stop),
                Flow::Continue | Flow::Buffer => {}
            }
            if !body.is_empty() {
                self.stream.stage = Stage::ResponseBody;
                match self.body(plugin, index, Direction::Response, &body, true) {
                    Ok(through) => body = through.unwrap_or_default(),
                    Err(_) => return self.failed(),
                }
            }
        }
        body
    }

    // 503 without a body, and nobody else is asked (rule T1).
    fn failed(&mut self) -> Vec<u8> {
        reply::begin(
            &mut self.stream,
            PendingReply::of_proxy(503, "", "wasm_fail_stream"),
        )
    }
}

fn reply_for(stop: Stop) -> PendingReply {
    match stop {
        Stop::Reply(reply) => reply,
        Stop::Failed => PendingReply::of_proxy(503, "", "wasm_fail_stream"),
        Stop::Stuck => PendingReply::of_proxy(
            503,
            "the filter paused the stream, and nothing can resume it: host-runner offers no callouts or timers yet",
            "paused_for_ever",
        ),
        Stop::TooLarge => {
            PendingReply::of_proxy(413, "Payload Too Large", "request_payload_too_large")
        }
    }
}
