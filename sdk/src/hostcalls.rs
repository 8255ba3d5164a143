//! The raw layer: every Proxy-Wasm 0.2 hostcall as a safe function that returns a `Result`.
//!
//! Most filters never need it: [`Request`](crate::Request) and its like call these in the right phase. It is here for the
//! unusual. What a call means, and which status says what, is in the
//! [specification](https://github.com/proxy-wasm/spec/blob/main/abi-versions/v0.2.1/README.md); Envoy's own behaviour is
//! named by rule where it matters.
//!
//! In a module these are the proxy's. Natively they are those of the [`Hostcalls`] that a test has installed, and fail
//! with status 12 where there is none.

use std::time::Duration;

use crate::status::{HostError, Status};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::native::host;
#[cfg(target_arch = "wasm32")]
pub use crate::wasm::host;

/// Which header map a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the specification's own names")]
pub enum MapType {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
    GrpcInitialMetadata = 4,
    GrpcTrailingMetadata = 5,
    HttpCallResponseHeaders = 6,
    HttpCallResponseTrailers = 7,
}

/// Which bytes a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the specification's own names")]
pub enum BufferType {
    RequestBody = 0,
    ResponseBody = 1,
    DownstreamData = 2,
    UpstreamData = 3,
    HttpCallResponseBody = 4,
    GrpcMessage = 5,
    VmConfiguration = 6,
    PluginConfiguration = 7,
}

/// Which direction of a stream or connection a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the specification's own names")]
pub enum StreamType {
    Request = 0,
    Response = 1,
    Downstream = 2,
    Upstream = 3,
}

/// What kind of metric is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the specification's own names")]
pub enum MetricType {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// A local reply as the call takes it; the headers are a pairs buffer ([`to_pairs`](crate::core::headers::to_pairs)).
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the specification's own names")]
pub struct RawReply<'a> {
    pub status: u32,
    pub details: &'a [u8],
    pub body: &'a [u8],
    pub headers: &'a [u8],
    /// -1 is "not given": the host maps the HTTP status (rule Y6).
    pub grpc_status: i32,
}

/// An HTTP call as the hostcall takes it; headers and trailers are pairs buffers.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the specification's own names")]
pub struct RawCall<'a> {
    pub cluster: &'a [u8],
    pub headers: &'a [u8],
    pub body: &'a [u8],
    pub trailers: &'a [u8],
    pub timeout: Duration,
}

/// The method of a service that a gRPC call or stream is for; the initial metadata is a pairs buffer.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the specification's own names")]
pub struct RawGrpc<'a> {
    pub cluster: &'a [u8],
    pub service: &'a [u8],
    pub method: &'a [u8],
    pub metadata: &'a [u8],
}

/// The hostcalls of a host, each with its status: what a native test implements to take the proxy's place. What it does not
/// implement answers that.
#[expect(missing_docs, reason = "each is the hostcall of its name")]
#[expect(
    clippy::missing_errors_doc,
    reason = "the error is the status that is not Ok"
)]
#[expect(unused_variables, reason = "what is not implemented looks at nothing")]
pub trait Hostcalls {
    fn log(&self, level: u32, message: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_tick_period_milliseconds(&self, period: u32) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_header_map_pairs(&self, map: MapType) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_header_map_pairs(&self, map: MapType, pairs: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_header_map_value(&self, map: MapType, name: &[u8]) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn add_header_map_value(&self, map: MapType, name: &[u8], value: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn replace_header_map_value(
        &self,
        map: MapType,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn remove_header_map_value(&self, map: MapType, name: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
    ) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn continue_stream(&self, stream: StreamType) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn close_stream(&self, stream: StreamType) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn send_local_response(&self, reply: RawReply<'_>) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn http_call(&self, call: RawCall<'_>) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn grpc_call(&self, to: RawGrpc<'_>, message: &[u8], timeout: Duration) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn grpc_stream(&self, to: RawGrpc<'_>) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn grpc_send(&self, token: u32, message: &[u8], end: bool) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn increment_metric(&self, id: u32, by: i64) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn record_metric(&self, id: u32, value: u64) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_metric(&self, id: u32) -> Result<u64, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn get_shared_data(&self, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn register_shared_queue(&self, name: &[u8]) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn resolve_shared_queue(&self, vm: &[u8], name: &[u8]) -> Result<u32, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn enqueue_shared_queue(&self, token: u32, item: &[u8]) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn done(&self) -> Result<(), Status> {
        Err(Status::UNIMPLEMENTED)
    }

    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Result<Vec<u8>, Status> {
        Err(Status::UNIMPLEMENTED)
    }
}

/// Names the call that a status came from.
pub(crate) trait Named<T> {
    /// With what it was about.
    fn named(self, call: &'static str, subject: &[u8]) -> Result<T, HostError>;
    /// As [`Self::named`]; what is not there is no error.
    fn found(self, call: &'static str, subject: &[u8]) -> Result<Option<T>, HostError>;
}

impl<T> Named<T> for Result<T, Status> {
    fn named(self, call: &'static str, subject: &[u8]) -> Result<T, HostError> {
        self.map_err(|status| HostError::new(call, subject, status))
    }

    fn found(self, call: &'static str, subject: &[u8]) -> Result<Option<T>, HostError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Status::NOT_FOUND) => Ok(None),
            Err(status) => Err(HostError::new(call, subject, status)),
        }
    }
}
