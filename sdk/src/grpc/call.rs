//! One message each way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Ending, GrpcStatus, Line, Method, begun, forget};
use crate::error::Error;
use crate::hostcalls::host;

/// A gRPC call of one message that is answered by one: to a cluster of the proxy's configuration, by name. The cluster must
/// speak HTTP/2.
#[must_use = "it is made when it is given to `grpc`"]
#[derive(Debug, Clone)]
pub struct GrpcCall {
    method: Method,
    message: Vec<u8>,
    timeout: Duration,
    limit: usize,
}

/// A gRPC call that is on its way. Dropped, it is cancelled.
#[must_use = "nothing is called until it is awaited"]
pub struct GrpcCalling {
    state: State,
    limit: usize,
}

enum State {
    Begins(Box<GrpcCall>),
    Waits(u32, Rc<Line>),
    Over,
}

/// How long a call may take, and how large its answer may be, when it does not say.
const TIMEOUT: Duration = Duration::from_secs(5);
const LIMIT: usize = 1024 * 1024;

// === impl GrpcCall ===

impl GrpcCall {
    /// A call of a method, such as `Check` of the service `grpc.health.v1.Health`, with an encoded message.
    pub fn new(
        cluster: impl Into<String>,
        service: impl Into<String>,
        method: impl Into<String>,
        message: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            method: Method::new(cluster, service, method),
            message: message.into(),
            timeout: TIMEOUT,
            limit: LIMIT,
        }
    }

    /// With one more entry of initial metadata.
    pub fn metadata(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        let entry = (name.into(), value.as_ref().to_vec());
        self.method.metadata.push(entry);
        self
    }

    /// Answered within this time, or by the proxy with status 4 (5 s unless you say otherwise).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With an answer of at most so many bytes (1 MiB unless you say otherwise).
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    fn begin(&self) -> Result<(u32, Rc<Line>), Error> {
        let token = self.method.with("grpc_call", |method| {
            host().grpc_call(method, &self.message, self.timeout)
        })?;
        Ok((token, begun(token)))
    }
}

// === impl GrpcCalling ===

impl GrpcCalling {
    pub(crate) fn new(call: GrpcCall) -> Self {
        Self {
            limit: call.limit,
            state: State::Begins(Box::new(call)),
        }
    }

    // A call that ends without a message ends with a status; 0 would be none.
    fn judge(&self, brought: Result<Vec<u8>, Ending>) -> Result<Vec<u8>, Error> {
        match brought {
            Ok(message) if message.len() > self.limit => Err(Error::TooLarge { limit: self.limit }),
            Ok(message) => Ok(message),
            Err(Ending::Status(status)) if status.code == 0 => Err(Error::Grpc(GrpcStatus {
                code: INTERNAL,
                message: "the call ended without an answer".to_owned(),
            })),
            Err(ending) => Err(ending.into()),
        }
    }
}

/// The gRPC status of what should not be.
const INTERNAL: u32 = 13;

impl Future for GrpcCalling {
    type Output = Result<Vec<u8>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Begins(call) => {
                let (token, line) = call.begin()?;
                State::Waits(token, line)
            }
            state => state,
        };
        let State::Waits(token, line) = &self.state else {
            return Poll::Pending;
        };
        let Poll::Ready(brought) = line.poll(context) else {
            return Poll::Pending;
        };
        // The host has forgotten it too (it tells of the answer, or of the end).
        forget(*token);
        self.state = State::Over;
        Poll::Ready(self.judge(brought))
    }
}

impl Drop for GrpcCalling {
    fn drop(&mut self) {
        if let State::Waits(token, _) = self.state
            && forget(token).is_some()
        {
            let _ = host().grpc_cancel(token);
        }
    }
}

impl fmt::Debug for GrpcCalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcCalling").finish_non_exhaustive()
    }
}
