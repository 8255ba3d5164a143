//! gRPC calls to other services: one message each way, or streams of them. Messages are bytes; `prost` and its like make
//! types of them.

mod call;
mod stream;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::core::headers::to_pairs;
use crate::core::id_map::IdMap;
use crate::error::Error;
use crate::hostcalls::{BufferType, Named as _, RawGrpc, host};
use crate::message::checked;
use crate::slot::Slot;

pub use call::{GrpcCall, GrpcCalling};
pub use stream::{GrpcStream, NextMessage};

thread_local! {
    /// Calls and streams whose end has not come, by token.
    static OPEN: RefCell<IdMap<u32, Rc<Line>>> = RefCell::default();
}

/// What a call or a stream has brought: messages, and then how it ended.
type Line = Slot<Result<Vec<u8>, Ending>>;

/// How a call or a stream ended.
enum Ending {
    Status(GrpcStatus),
    Failed(Error),
}

/// How a gRPC call ended: a [status code](https://grpc.io/docs/guides/status-codes/), and what the callee, or the proxy in
/// its place, says to it. 14 is nobody there, 4 took too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcStatus {
    /// 0 is fine.
    pub code: u32,
    /// Meant for people. Envoy ends it with where it comes from, such as `{via_upstream}`.
    pub message: String,
}

/// A method of a service at a cluster.
#[derive(Debug, Clone)]
struct Method {
    cluster: String,
    service: String,
    method: String,
    metadata: Vec<(String, Vec<u8>)>,
}

/// The host has a message of `size` bytes for the call or stream of that token.
pub(crate) fn received(token: u32, size: u32) {
    let Some(line) = open(token) else {
        return;
    };
    line.bring(message(size).map_err(Ending::Failed));
}

/// The call or stream of that token has ended.
pub(crate) fn closed(token: u32, code: u32) {
    let Some(line) = forget(token) else {
        return;
    };
    let message = host().get_status().named("get_status", b"");
    let ending = match message {
        Ok((_, message)) => Ending::Status(GrpcStatus {
            code,
            message: String::from_utf8_lossy(&message).into_owned(),
        }),
        Err(error) => Ending::Failed(error.into()),
    };
    line.bring(Err(ending));
}

fn message(size: u32) -> Result<Vec<u8>, Error> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let bytes = host().get_buffer_bytes(BufferType::GrpcMessage, 0, size as usize);
    Ok(bytes.named("get_buffer_bytes", b"gRPC message")?)
}

fn begun(token: u32) -> Rc<Line> {
    let line = Rc::new(Line::new());
    OPEN.with(|all| all.borrow_mut().insert(token, Rc::clone(&line)));
    line
}

fn open(token: u32) -> Option<Rc<Line>> {
    OPEN.with(|all| all.borrow().get(&token).cloned())
}

// Nothing is there any more where a native test's thread ends.
fn forget(token: u32) -> Option<Rc<Line>> {
    OPEN.try_with(|all| all.borrow_mut().remove(&token)).ok()?
}

// === impl Method ===

impl Method {
    fn new(
        cluster: impl Into<String>,
        service: impl Into<String>,
        method: impl Into<String>,
    ) -> Self {
        Self {
            cluster: cluster.into(),
            service: service.into(),
            method: method.into(),
            metadata: Vec::new(),
        }
    }

    fn with<T>(
        &self,
        call: &'static str,
        begin: impl FnOnce(RawGrpc<'_>) -> Result<T, crate::status::Status>,
    ) -> Result<T, Error> {
        for (name, value) in &self.metadata {
            checked(name, value)?;
        }
        let metadata = self.metadata.iter();
        let metadata = metadata.map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let begun = begin(RawGrpc {
            cluster: self.cluster.as_bytes(),
            service: self.service.as_bytes(),
            method: self.method.as_bytes(),
            metadata: &to_pairs(metadata),
        });
        Ok(begun.named(call, self.cluster.as_bytes())?)
    }
}

// === impl Ending ===

impl From<Ending> for Error {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Status(status) => Self::Grpc(status),
            Ending::Failed(error) => error,
        }
    }
}

impl fmt::Display for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => write!(f, "gRPC status {}", self.code),
            message => write!(f, "gRPC status {}: {message}", self.code),
        }
    }
}
