//! gRPC calls and streams of filters (rule 2.11): what goes out, and which callbacks come of what comes back.
//!
//! This is Envoy's gRPC client over HTTP/2 messages: a driver carries those, and knows nothing of gRPC.

mod exchange;
pub(crate) mod frames;
mod request;
mod service;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::abi::{HostcallResult, Status};
use crate::host::callout::{CallId, CallKind};
use crate::host::effect::Effect;
use crate::host::faults::Fault;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::vm_state::{Root, VmState};

use frames::Decoder;
use request::request_headers;
use service::Service;

/// One gRPC call or stream that its filter can still address.
#[derive(Debug)]
pub(crate) struct Exchange {
    decoder: Decoder,
    /// Whether the request is gRPC still, after the filter's metadata has been added to it.
    is_grpc: bool,
    /// Of a call, the last message: it is delivered when the call has ended well.
    response: Option<Vec<u8>>,
    /// Response code details, which messages of failures end with.
    details: String,
    /// Whether the response has begun.
    started: bool,
    /// Whether the filter has closed its side (`proxy_grpc_close`).
    local_closed: bool,
    /// Whether the other side has ended; what the filter still does is lost then.
    remote_closed: bool,
    /// Whether the filter has been told so, and has not closed its side.
    over: bool,
}

/// For a gRPC call or stream.
#[derive(Debug)]
pub(crate) enum GrpcEffect {
    /// Begin the request; answer with [`crate::host::traffic::Traffic::grpc`].
    Open(Box<GrpcRequest>),
    /// Send bytes of its body; `end` ends it.
    Send { bytes: Vec<u8>, end: bool },
    /// Cut off what is left of it; nobody waits for it any more.
    Reset,
}

/// A request without its body.
#[derive(Debug)]
pub(crate) struct GrpcRequest {
    pub(crate) cluster: String,
    pub(crate) headers: HeaderMap,
    /// For the whole exchange; none waits for ever.
    pub(crate) timeout: Option<Duration>,
    /// How it fails on purpose.
    pub(crate) fault: Option<Fault>,
}

/// What a driver tells of a gRPC call or stream.
#[derive(Debug)]
pub(crate) enum GrpcEvent {
    Headers {
        headers: HeaderMap,
        end: bool,
    },
    Data {
        bytes: Vec<u8>,
        end: bool,
    },
    Trailers(HeaderMap),
    /// There is no response, or not all of it, and this is what the proxy has to say instead.
    Failed(LocalReply),
}

/// What a filter asks for.
#[derive(Debug)]
pub(crate) struct GrpcCall {
    /// See [`Service::resolve`].
    pub(crate) service: Vec<u8>,
    pub(crate) path: GrpcPath,
    pub(crate) metadata: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) kind: GrpcKind,
}

/// The full name of a service and a method of it.
#[derive(Debug)]
pub(crate) struct GrpcPath {
    pub(crate) service: Vec<u8>,
    pub(crate) method: Vec<u8>,
}

/// One message each way, or as many as both sides like.
#[derive(Debug)]
pub(crate) enum GrpcKind {
    Call { message: Vec<u8>, timeout: Duration },
    Stream,
}

/// A call that failed before it began: its callback waits until the one that is running has returned.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) CallId);

// === impl Exchange ===

impl Exchange {
    fn new(service: &Service, headers: &HeaderMap) -> Self {
        Self {
            decoder: Decoder::new(service.limit),
            is_grpc: headers.is_grpc(),
            response: None,
            details: String::new(),
            started: false,
            local_closed: false,
            remote_closed: false,
            over: false,
        }
    }
}

// === impl VmState ===

impl VmState {
    /// Begins a call or a stream; its token. The token is used up even where the cluster does not exist.
    pub(crate) fn grpc_open(&mut self, call: GrpcCall) -> Result<u32, Status> {
        let service = Service::resolve(&call.service, &self.clusters).map_err(|none| {
            if let Some(warning) = none.warning() {
                self.refuse("2.11", warning);
            }
            none.status()
        })?;
        let kind = match call.kind {
            GrpcKind::Call { .. } => CallKind::GrpcCall,
            GrpcKind::Stream => CallKind::GrpcStream,
        };
        let root = self.root_id().ok_or(Status::BAD_ARGUMENT)?;
        let token = self.tokens.next(kind);
        let id = CallId { root, token };
        if !self.clusters.contains(&service.cluster) {
            self.unavailable.push_back(Unavailable(id));
            return Err(Status::INTERNAL_FAILURE);
        }
        let fault = self.shared.faults.of_call(&service.cluster);
        if fault == Some(Fault::RefusedDispatch) {
            return Err(Status::INTERNAL_FAILURE);
        }
        self.send_request(id, &service, (call, fault));
        Ok(token)
    }

    fn send_request(
        &mut self,
        id: CallId,
        service: &Service,
        (call, fault): (GrpcCall, Option<Fault>),
    ) {
        let (message, timeout) = match call.kind {
            GrpcKind::Call { message, timeout } => (Some(message), Some(timeout)),
            GrpcKind::Stream => (None, None),
        };
        let (headers, timeout) = request_headers(service, &call.path, timeout, &call.metadata);
        let exchange = Exchange::new(service, &headers);
        let request = GrpcRequest {
            cluster: service.cluster.clone(),
            headers,
            timeout,
            fault,
        };
        if let Some(root) = self.root_mut() {
            root.callouts.grpc.insert(id.token, exchange);
        }
        self.emit_grpc(id, GrpcEffect::Open(Box::new(request)));
        if let Some(message) = message {
            self.emit_grpc(id, send(&message, true));
        }
    }

    /// Sends a message on a stream; what follows its end is lost.
    pub(crate) fn grpc_send(&mut self, token: u32, message: &[u8], end: bool) -> HostcallResult {
        if CallKind::of(token) != Some(CallKind::GrpcStream) {
            return Err(Status::BAD_ARGUMENT);
        }
        let id = self.outstanding(token)?;
        self.emit_grpc(id, send(message, end));
        Ok(())
    }

    /// Ends the filter's side of a stream, or cancels a call.
    pub(crate) fn grpc_close(&mut self, token: u32) -> HostcallResult {
        match CallKind::of(token) {
            Some(CallKind::GrpcStream) => self.close_stream(token),
            _ => self.grpc_cancel(token),
        }
    }

    fn close_stream(&mut self, token: u32) -> HostcallResult {
        let id = self.outstanding(token)?;
        let end = GrpcEffect::Send {
            bytes: Vec::new(),
            end: true,
        };
        self.emit_grpc(id, end);
        if let Some(root) = self.root_mut()
            && let Some(exchange) = root.callouts.grpc.get_mut(&token)
        {
            exchange.local_closed = true;
            if exchange.remote_closed {
                root.callouts.grpc.remove(&token);
            }
        }
        Ok(())
    }

    /// Forgets a call or a stream; no callback of it follows.
    pub(crate) fn grpc_cancel(&mut self, token: u32) -> HostcallResult {
        match CallKind::of(token) {
            Some(CallKind::GrpcCall | CallKind::GrpcStream) => {}
            Some(CallKind::Http) | None => return Err(Status::BAD_ARGUMENT),
        }
        let id = self.outstanding(token)?;
        if let Some(root) = self.root_mut() {
            root.callouts.grpc.remove(&token);
        }
        self.emit_grpc(id, GrpcEffect::Reset);
        Ok(())
    }

    fn outstanding(&self, token: u32) -> Result<CallId, Status> {
        let root = self.root_id().ok_or(Status::NOT_FOUND)?;
        let exchange = self.root().and_then(|it| it.callouts.grpc.get(&token));
        if exchange.ok_or(Status::NOT_FOUND)?.over {
            self.refuse(
                "2.11",
                "a stream is used after proxy_on_grpc_close; Envoy has freed it",
            );
        }
        Ok(CallId { root, token })
    }

    fn emit_grpc(&mut self, id: CallId, effect: GrpcEffect) {
        self.world.effects.push_back(Effect::Grpc(id, effect));
    }
}

fn send(message: &[u8], end: bool) -> GrpcEffect {
    GrpcEffect::Send {
        bytes: frames::framed(message),
        end,
    }
}

// === impl Root ===

impl Root {
    fn exchange(&mut self, token: u32) -> Option<&mut Exchange> {
        self.callouts
            .grpc
            .get_mut(&token)
            .filter(|exchange| !exchange.remote_closed)
    }
}
