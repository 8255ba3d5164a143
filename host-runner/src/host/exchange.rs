//! One HTTP exchange running through a filter chain: request stages in order, response stages in reverse.
//!
//! The engine of the host's HTTP semantics, without I/O: it is told what arrived and says what to send on.

mod replies;

use crate::host::header_map::HeaderMap;
use crate::host::stream::{PendingReply, Stage, StreamState};
use crate::host::vm::VmFailed;
use crate::host::worker::{PluginVm, Worker};

/// More than this held back in one direction is refused, as Envoy's default buffer limit does (rule B1).
const BUFFER_LIMIT: usize = 1024 * 1024;

/// An exchange and what each filter of the chain knows of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) stream: StreamState,
    filters: Vec<Filter>,
}

#[derive(Debug, Clone, Default)]
struct Filter {
    context: Option<u32>,
    // Body bytes that the filter holds back (body return 1, rule A2).
    held_request: Vec<u8>,
    held_response: Vec<u8>,
}

/// What to do with the request after a stage.
#[derive(Debug)]
#[must_use]
pub(crate) enum RequestStep<T> {
    /// Send this on.
    Forward(T),
    /// End the exchange with this response; its headers are in the stream.
    Reply(Vec<u8>),
}

/// What to do with the response after its headers.
#[derive(Debug)]
#[must_use]
pub(crate) enum ResponseStep {
    /// Send the headers in the stream, then the body as it comes.
    Forward,
    /// Send the headers in the stream, and this body instead of the upstream's.
    Replace(Vec<u8>),
}

/// A stage of the request or the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Response,
}

/// How one callback ended.
enum Flow {
    Continue,
    /// Body only: keep the bytes until the next call.
    Buffer,
    Stop(Stop),
}

enum Stop {
    Reply(PendingReply),
    Failed,
    /// Paused, with nothing that could ever resume it: this host has no callouts and no timers yet.
    Stuck,
    TooLarge,
}

// === impl Exchange ===

impl Exchange {
    pub(crate) fn new(stream: StreamState, worker: &Worker) -> Self {
        Self {
            stream,
            filters: vec![Filter::default(); worker.plugins.len()],
        }
    }

    /// Runs the request headers stage of every filter.
    pub(crate) fn request_headers(&mut self, worker: &mut Worker, end: bool) -> RequestStep<()> {
        self.stream.stage = Stage::RequestHeaders;
        for (index, plugin) in worker.plugins.iter_mut().enumerate() {
            let count = self.stream.request_headers.len();
            if let Flow::Stop(stop) =
                self.call(plugin, index, "proxy_on_request_headers", count, Some(end))
            {
                return RequestStep::Reply(self.stopped(worker, index, stop));
            }
        }
        RequestStep::Forward(())
    }

    /// Runs the request body stage with one chunk; forwards what the filters let through.
    pub(crate) fn request_body(
        &mut self,
        worker: &mut Worker,
        mut chunk: Vec<u8>,
        end: bool,
    ) -> RequestStep<Vec<u8>> {
        self.stream.stage = Stage::RequestBody;
        for (index, plugin) in worker.plugins.iter_mut().enumerate() {
            match self.body(plugin, index, Direction::Request, &chunk, end) {
                Ok(Some(through)) => chunk = through,
                Ok(None) => return RequestStep::Forward(Vec::new()),
                Err(stop) => return RequestStep::Reply(self.stopped(worker, index, stop)),
            }
        }
        RequestStep::Forward(chunk)
    }

    /// Runs the request trailers stage.
    pub(crate) fn request_trailers(
        &mut self,
        worker: &mut Worker,
        trailers: HeaderMap,
    ) -> RequestStep<()> {
        self.stream.stage = Stage::RequestTrailers;
        self.stream.request_trailers = trailers;
        for (index, plugin) in worker.plugins.iter_mut().enumerate() {
            let count = self.stream.request_trailers.len();
            if let Flow::Stop(stop) =
                self.call(plugin, index, "proxy_on_request_trailers", count, None)
            {
                return RequestStep::Reply(self.stopped(worker, index, stop));
            }
        }
        RequestStep::Forward(())
    }

    /// Runs the response headers stage of every filter, last first, on the headers in the stream.
    pub(crate) fn response_headers(&mut self, worker: &mut Worker, end: bool) -> ResponseStep {
        for index in (0..worker.plugins.len()).rev() {
            self.stream.stage = Stage::ResponseHeaders;
            let Some(plugin) = worker.plugins.get_mut(index) else {
                continue;
            };
            let count = self.stream.response_headers.len();
            if let Flow::Stop(stop) =
                self.call(plugin, index, "proxy_on_response_headers", count, Some(end))
            {
                return ResponseStep::Replace(self.response_stopped(stop));
            }
        }
        ResponseStep::Forward
    }

    /// Runs the response body stage with one chunk. `None`: the headers are out and the body cannot go on, so the
    /// connection must be cut (rules B3, T2, Y3).
    pub(crate) fn response_body(
        &mut self,
        worker: &mut Worker,
        mut chunk: Vec<u8>,
        end: bool,
    ) -> Option<Vec<u8>> {
        self.stream.stage = Stage::ResponseBody;
        for index in (0..worker.plugins.len()).rev() {
            let plugin = worker.plugins.get_mut(index)?;
            match self.body(plugin, index, Direction::Response, &chunk, end) {
                Ok(Some(through)) => chunk = through,
                Ok(None) => return Some(Vec::new()),
                Err(_) => return None,
            }
        }
        Some(chunk)
    }

    /// Ends the exchange: every filter logs and forgets it. A filter that never saw the request gets its context here
    /// (rule L6).
    pub(crate) fn finish(mut self, worker: &mut Worker) {
        for (index, plugin) in worker.plugins.iter_mut().enumerate() {
            self.stream.stage = Stage::Log;
            let ended = self
                .context(plugin, index)
                .and_then(|id| plugin.end_stream(&mut self.stream, id));
            // A failed VM hears nothing more (rule T1).
            let _: Result<(), VmFailed> = ended;
        }
    }

    // --- one callback ---

    fn context(&mut self, plugin: &mut PluginVm, index: usize) -> Result<u32, VmFailed> {
        let filter = self.filters.get_mut(index).ok_or(VmFailed)?;
        match filter.context {
            Some(id) => Ok(id),
            None => {
                let id = plugin.create_stream(&mut self.stream)?;
                filter.context = Some(id);
                Ok(id)
            }
        }
    }

    fn call(
        &mut self,
        plugin: &mut PluginVm,
        index: usize,
        callback: &str,
        count: usize,
        end: Option<bool>,
    ) -> Flow {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let answer = self.context(plugin, index).and_then(|id| match end {
            Some(end) => plugin.ask(&mut self.stream, callback, (id, count, u32::from(end))),
            None => plugin.ask(&mut self.stream, callback, (id, count)),
        });
        match (answer, self.stream.local_reply.take()) {
            (Err(VmFailed), _) => Flow::Stop(Stop::Failed),
            // The return value does not matter once a reply was asked for (rule A4).
            (Ok(_), Some(reply)) => Flow::Stop(Stop::Reply(reply)),
            // 2 on headers means Continue (rule A1).
            (Ok(0), None) => Flow::Continue,
            (Ok(2), None)
                if matches!(
                    self.stream.stage,
                    Stage::RequestHeaders | Stage::ResponseHeaders
                ) =>
            {
                Flow::Continue
            }
            (Ok(1), None)
                if matches!(self.stream.stage, Stage::RequestBody | Stage::ResponseBody) =>
            {
                Flow::Buffer
            }
            (Ok(_), None) => Flow::Stop(Stop::Stuck),
        }
    }

    // What one filter lets through of a body; `None` while it holds everything back.
    fn body(
        &mut self,
        plugin: &mut PluginVm,
        index: usize,
        way: Direction,
        chunk: &[u8],
        end: bool,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let callback = match way {
            Direction::Request => "proxy_on_request_body",
            Direction::Response => "proxy_on_response_body",
        };
        let mut seen = std::mem::take(self.held(index, way).ok_or(Stop::Failed)?);
        seen.extend_from_slice(chunk);
        let size = seen.len();
        self.stream.body = seen;
        let flow = self.call(plugin, index, callback, size, Some(end));
        let body = std::mem::take(&mut self.stream.body);
        match flow {
            Flow::Continue => Ok(Some(body)),
            Flow::Buffer if end => Err(Stop::Stuck),
            Flow::Buffer if body.len() > BUFFER_LIMIT => Err(Stop::TooLarge),
            Flow::Buffer => {
                *self.held(index, way).ok_or(Stop::Failed)? = body;
                Ok(None)
            }
            Flow::Stop(stop) => Err(stop),
        }
    }

    fn held(&mut self, index: usize, way: Direction) -> Option<&mut Vec<u8>> {
        let filter = self.filters.get_mut(index)?;
        Some(match way {
            Direction::Request => &mut filter.held_request,
            Direction::Response => &mut filter.held_response,
        })
    }
}
