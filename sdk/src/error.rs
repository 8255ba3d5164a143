//! What can go wrong in a handler, as one type that `?` takes.

use std::fmt;

use crate::core::ConfigError;
use crate::grpc::GrpcStatus;
use crate::status::{HostError, Status};

/// Why a handler could not do its work. A request or response whose handler returns this is denied
/// ([`Filter::on_error`](crate::Filter::on_error)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused.
    Host(HostError),
    /// A header that cannot be sent: its name is no token, or its value has a line end or a NUL (rule H10).
    InvalidHeader {
        /// Its name.
        name: String,
    },
    /// A body is larger than the limit that was given.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A call was not answered, or by more bytes than it may be. That nobody was there, or too slow, is no error but the
    /// proxy's own answer (rule C3).
    CallFailed {
        /// Who was called.
        cluster: String,
        /// What the host says of it.
        message: String,
    },
    /// A gRPC call or stream ended otherwise than well.
    Grpc(GrpcStatus),
    /// It took longer than it may.
    TimedOut,
    /// The message has no body that could be replaced.
    NoBody,
    /// The message has been sent on, or its stream is over: what was asked of it comes too late (rule H1).
    TooLate,
    /// The author's own.
    Other(String),
}

// === impl Error ===

impl Error {
    /// An error of the author's own, to be read in the log.
    pub fn other(message: impl fmt::Display) -> Self {
        Self::Other(message.to_string())
    }

    /// Whether the host has no such thing: no foreign function or object of that name.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        let not_found = [Status::NOT_FOUND, Status::UNIMPLEMENTED];
        matches!(self, Self::Host(error) if not_found.contains(&error.status))
    }

    /// The status of the reply when it denies a request.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 413,
            _ => 500,
        }
    }

    /// What it is called in the details of the reply, which access logs show.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Host(HostError { call, status, .. }) => {
                format!("meshwright_hostcall_failed{{{call}_{}}}", status.0)
            }
            Self::InvalidHeader { .. } => "meshwright_invalid_header".to_owned(),
            Self::TooLarge { .. } => "meshwright_too_large".to_owned(),
            Self::CallFailed { .. } => "meshwright_call_failed".to_owned(),
            Self::Grpc(status) => format!("meshwright_grpc_failed{{{}}}", status.code),
            Self::TimedOut => "meshwright_timed_out".to_owned(),
            Self::NoBody => "meshwright_no_body".to_owned(),
            Self::TooLate => "meshwright_too_late".to_owned(),
            Self::Other(_) => "meshwright_filter_failed".to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => error.fmt(f),
            Self::InvalidHeader { name } => write!(f, "header `{name}` cannot be sent"),
            Self::TooLarge { limit } => write!(f, "there are more than {limit} bytes"),
            Self::CallFailed { cluster, message } => {
                write!(f, "the call to `{cluster}` was not answered: {message}")
            }
            Self::Grpc(status) => status.fmt(f),
            Self::TimedOut => f.write_str("it took too long"),
            Self::NoBody => f.write_str("the message has no body"),
            Self::TooLate => f.write_str("the message has been sent on already"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

/// What fails in [`Filter::new`](crate::Filter::new) has no place in the configuration.
impl From<Error> for ConfigError {
    fn from(error: Error) -> Self {
        Self::new("", error.to_string())
    }
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}
