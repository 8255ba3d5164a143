//! From the messages of a response to the callbacks of the root context, in Envoy's order: of a stream, initial
//! metadata, messages, trailing metadata, close; of a call, one message when all went well, or else close.

use meshwright_core::reply::grpc_status;

use super::frames::{Broken, Frame};
use super::{Exchange, GrpcEffect, GrpcEvent, Unavailable};
use crate::host::callbacks::{Callbacks, Export};
use crate::host::callout::{CallId, CallKind};
use crate::host::effect::Effect;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;
use crate::host::vm_state::Root;

type GrpcExport = Export<(u32, u32, u32), ()>;

const OK: u32 = 0;
const UNKNOWN: u32 = 2;
const RESOURCE_EXHAUSTED: u32 = 8;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
/// What a status that is no number, or no known one, is told as.
const INVALID: u32 = u32::MAX;
const LAST_KNOWN: u64 = 16;

const VIA_UPSTREAM: &str = "via_upstream";

impl Traffic<'_> {
    /// Something has happened to a gRPC call or stream. Nothing does any more once its filter has forgotten it.
    pub(crate) fn grpc(&mut self, call: CallId, event: GrpcEvent) {
        match event {
            GrpcEvent::Headers { headers, end } => {
                self.grpc_begin(call, VIA_UPSTREAM.as_bytes());
                self.grpc_headers(call, headers, end);
            }
            GrpcEvent::Data { bytes, end } => self.grpc_data(call, &bytes, end),
            GrpcEvent::Trailers(trailers) => self.grpc_trailers(call, trailers),
            GrpcEvent::Failed(reply) => self.grpc_failed(call, reply),
        }
    }

    /// Tells of the calls that failed inside the callback that has just returned.
    pub(in crate::host) fn run_unavailable(&mut self, vm: usize) {
        while let Some(Unavailable(call)) = self
            .state(vm)
            .and_then(|state| state.unavailable.pop_front())
        {
            self.tell_grpc_close(call, UNAVAILABLE, "Cluster not available");
        }
    }

    fn grpc_begin(&mut self, call: CallId, details: &[u8]) {
        if let Some(exchange) = self.grpc_exchange(call) {
            exchange.started = true;
            exchange.details = String::from_utf8_lossy(details).into_owned();
        }
    }

    fn grpc_headers(&mut self, call: CallId, headers: HeaderMap, end: bool) {
        let status = status_code(&headers);
        let is_ok = status == 200;
        let initial = match is_ok && !end {
            true => headers.clone(),
            false => HeaderMap::default(),
        };
        self.tell_initial_metadata(call, initial);
        match (is_ok, end) {
            (true, false) => {}
            (true, true) => self.grpc_trailers(call, headers),
            (false, true) if headers.get(b"grpc-status").is_some() => {
                self.grpc_trailers(call, headers);
            }
            (false, _) => self.grpc_fail(call, grpc_status(status)),
        }
    }

    fn grpc_data(&mut self, call: CallId, bytes: &[u8], end: bool) {
        let Some(exchange) = self.grpc_exchange(call) else {
            return;
        };
        let frames = match exchange.decoder.decode(bytes) {
            Ok(frames) => frames,
            Err(Broken::Flags) => return self.grpc_fail(call, INTERNAL),
            Err(Broken::TooLong) => return self.grpc_fail(call, RESOURCE_EXHAUSTED),
        };
        for frame in frames {
            if frame.compressed && !frame.message.is_empty() {
                return self.grpc_fail(call, INTERNAL);
            }
            self.grpc_message(call, frame);
        }
        if end {
            self.grpc_fail(call, UNKNOWN);
        }
    }

    fn grpc_message(&mut self, call: CallId, frame: Frame) {
        if CallKind::of(call.token) == Some(CallKind::GrpcStream) {
            self.tell_grpc_message(call, frame.message);
        } else if let Some(exchange) = self.grpc_exchange(call) {
            exchange.response = Some(frame.message);
        }
    }

    fn grpc_trailers(&mut self, call: CallId, trailers: HeaderMap) {
        let status = trailer_status(&trailers);
        let message = trailers.get(b"grpc-message").unwrap_or_default();
        let message = String::from_utf8_lossy(message).into_owned();
        self.tell_trailing_metadata(call, trailers);
        self.grpc_end(call, status, &message);
    }

    // Once the response has begun it can only be cut off.
    fn grpc_failed(&mut self, call: CallId, reply: LocalReply) {
        let Some(exchange) = self.grpc_exchange(call) else {
            return;
        };
        let (started, is_grpc) = (exchange.started, exchange.is_grpc);
        self.grpc_begin(call, &reply.code_details());
        if started {
            return self.grpc_fail(call, INTERNAL);
        }
        let (headers, body) = reply.into_response(is_grpc);
        self.grpc_headers(call, headers, body.is_empty());
    }

    fn grpc_fail(&mut self, call: CallId, status: u32) {
        self.tell_trailing_metadata(call, HeaderMap::default());
        self.grpc_end(call, status, "");
    }

    fn grpc_end(&mut self, call: CallId, status: u32, message: &str) {
        let Some(exchange) = self.grpc_exchange(call) else {
            return;
        };
        exchange.remote_closed = true;
        let told = told_message(message, &exchange.details);
        let response = exchange.response.take();
        match (CallKind::of(call.token), status, response) {
            (Some(CallKind::GrpcStream), ..) => self.tell_grpc_close(call, status, &told),
            (_, OK, Some(response)) => self.tell_grpc_message(call, response),
            (_, OK, None) => self.tell_grpc_close(call, INTERNAL, ""),
            _ => self.tell_grpc_close(call, status, &told),
        }
        self.grpc_let_go(call);
    }

    // A stream stays addressable until the filter has closed its side too.
    fn grpc_let_go(&mut self, call: CallId) {
        let is_call = CallKind::of(call.token) == Some(CallKind::GrpcCall);
        if let Some(root) = self.grpc_root(call) {
            let grpc = &mut root.callouts.grpc;
            if let Some(exchange) = grpc.get_mut(&call.token) {
                exchange.over = true;
                if is_call || exchange.local_closed {
                    grpc.remove(&call.token);
                }
            }
        }
        let reset = Effect::Grpc(call, GrpcEffect::Reset);
        self.world.effects.push_back(reset);
    }

    // --- callbacks ---

    // Calls are not told of metadata.
    fn tell_initial_metadata(&mut self, call: CallId, metadata: HeaderMap) {
        if !self.is_open_grpc_stream(call) {
            return;
        }
        let count = count(metadata.len());
        self.grpc_show(call, |root| root.callouts.initial_metadata = Some(metadata));
        self.grpc_callback(call, |it| &it.grpc_initial_metadata, count);
        self.run_after(call.root.vm);
        self.grpc_show(call, |root| root.callouts.initial_metadata = None);
    }

    fn tell_trailing_metadata(&mut self, call: CallId, metadata: HeaderMap) {
        if !self.is_open_grpc_stream(call) {
            return;
        }
        let count = count(metadata.len());
        self.grpc_show(call, |root| {
            root.callouts.trailing_metadata = Some(metadata);
        });
        self.grpc_callback(call, |it| &it.grpc_trailing_metadata, count);
        self.run_after(call.root.vm);
        self.grpc_show(call, |root| root.callouts.trailing_metadata = None);
    }

    fn tell_grpc_message(&mut self, call: CallId, message: Vec<u8>) {
        let size = count(message.len());
        self.grpc_show(call, |root| root.callouts.message = Some(message));
        self.grpc_callback(call, |it| &it.grpc_receive, size);
        self.grpc_show(call, |root| root.callouts.message = None);
        self.run_after(call.root.vm);
    }

    fn tell_grpc_close(&mut self, call: CallId, status: u32, message: &str) {
        let told = message.as_bytes().to_vec();
        self.grpc_show(call, |root| {
            root.callouts.status.code = status;
            root.callouts.status.message = told;
        });
        self.grpc_callback(call, |it| &it.grpc_close, status);
        self.grpc_show(call, |root| root.callouts.status.message.clear());
        self.run_after(call.root.vm);
    }

    fn grpc_callback(&mut self, call: CallId, callback: fn(&Callbacks) -> &GrpcExport, value: u32) {
        let context = call.root.context;
        let params = (context, call.token, value);
        // A failed VM hears nothing more (rule T1).
        let _: Result<_, VmFailed> = self.call(call.root.vm, context, callback, params);
    }

    fn grpc_show(&mut self, call: CallId, change: impl FnOnce(&mut Root)) {
        if let Some(root) = self.grpc_root(call) {
            change(root);
        }
    }

    fn is_open_grpc_stream(&mut self, call: CallId) -> bool {
        CallKind::of(call.token) == Some(CallKind::GrpcStream) && self.grpc_exchange(call).is_some()
    }

    fn grpc_exchange(&mut self, call: CallId) -> Option<&mut Exchange> {
        self.grpc_root(call)?.exchange(call.token)
    }

    fn grpc_root(&mut self, call: CallId) -> Option<&mut Root> {
        let state = self.state(call.root.vm)?;
        let index = state.root_index(call.root.context);
        state.roots.get_mut(index)
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn status_code(headers: &HeaderMap) -> u32 {
    let status = headers.get(b":status").unwrap_or_default();
    let status = std::str::from_utf8(status).ok();
    status.and_then(|it| it.parse().ok()).unwrap_or_default()
}

fn trailer_status(trailers: &HeaderMap) -> u32 {
    let status = trailers.get(b"grpc-status").unwrap_or_default();
    if status.is_empty() {
        return UNKNOWN;
    }
    let status = std::str::from_utf8(status).ok();
    let number = status.and_then(|it| it.trim().parse::<u64>().ok());
    let known = number.filter(|number| *number <= LAST_KNOWN);
    known
        .and_then(|it| u32::try_from(it).ok())
        .unwrap_or(INVALID)
}

// The server's words, and how the response came about.
fn told_message(message: &str, details: &str) -> String {
    match (message, details) {
        ("", details) => details.to_owned(),
        (message, "") => message.to_owned(),
        (message, details) => format!("{message}{{{details}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_statuses_are_told_as_they_are() {
        let told = |status: &str| {
            let mut trailers = HeaderMap::default();
            trailers.add(b"grpc-status", status.as_bytes());
            trailer_status(&trailers)
        };
        assert_eq!([told("0"), told("16")], [0, 16]);
        assert_eq!([told("17"), told("abc"), told("-1")], [INVALID; 3]);
        assert_eq!(
            [told(""), trailer_status(&HeaderMap::default())],
            [UNKNOWN; 2]
        );
    }

    #[test]
    fn messages_say_how_the_response_came_about() {
        assert_eq!(told_message("no", "via_upstream"), "no{via_upstream}");
        assert_eq!(told_message("", "via_upstream"), "via_upstream");
        assert_eq!(told_message("no", ""), "no");
    }
}
