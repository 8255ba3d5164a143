//! Why a request to an upstream failed, in Envoy's words (rule C3).

use std::error::Error;
use std::io;

use crate::host::reply::LocalReply;
use crate::host::stream::ResponseFlags;

/// Envoy's reset reasons, as far as a client can tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResetReason {
    /// No connection, and what the system said.
    Connect(Option<String>),
    ConnectTimeout,
    /// The connection was closed in the middle.
    Termination,
    RemoteReset,
    RefusedStream,
    Protocol,
    /// What went wrong after an interim response.
    AfterInterim(Box<Self>),
}

// === impl ResetReason ===

impl ResetReason {
    /// What went wrong with a message over HTTP/2, by the error and its causes.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let h2 = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>());
        h2.map_or(Self::Termination, Self::of_h2)
    }

    /// What went wrong with a connection.
    pub(crate) fn of_connect(error: Option<&io::Error>) -> Self {
        match error {
            Some(error) if error.kind() == io::ErrorKind::TimedOut => Self::ConnectTimeout,
            error => Self::Connect(error.map(system_text)),
        }
    }

    fn of_h2(error: &h2::Error) -> Self {
        match error.reason() {
            Some(h2::Reason::PROTOCOL_ERROR) => Self::Protocol,
            Some(h2::Reason::REFUSED_STREAM) if error.is_remote() => Self::RefusedStream,
            Some(_) if error.is_reset() && error.is_remote() => Self::RemoteReset,
            Some(_) if error.is_library() => Self::Protocol,
            _ => Self::Termination,
        }
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Connect(_) => "remote connection failure",
            Self::ConnectTimeout => "connection timeout",
            Self::Termination => "connection termination",
            Self::RemoteReset => "remote reset",
            Self::RefusedStream => "remote refused stream reset",
            Self::Protocol => "protocol error",
            Self::AfterInterim(reason) => reason.text(),
        }
    }

    /// Why there was no connection, if there was none.
    pub(crate) fn connecting(&self) -> Option<String> {
        match self {
            Self::Connect(text) => {
                let text = text.as_deref().unwrap_or("Connection timed out");
                Some(format!("delayed connect error: {text}"))
            }
            _ => None,
        }
    }

    /// How it shows in `response.flags`.
    pub(crate) fn flag(&self) -> ResponseFlags {
        match self {
            Self::Connect(_) | Self::ConnectTimeout => ResponseFlags::UPSTREAM_CONNECTION_FAILURE,
            Self::Protocol => ResponseFlags::UPSTREAM_PROTOCOL_ERROR,
            Self::AfterInterim(reason) => reason.flag(),
            _ => ResponseFlags::UPSTREAM_CONNECTION_TERMINATION,
        }
    }

    /// What is said when there was no response.
    pub(crate) fn before_response(&self) -> LocalReply {
        let (cause, when) = match self {
            Self::AfterInterim(cause) => (&**cause, "after"),
            cause => (cause, "before"),
        };
        let (status, reason) = match cause {
            Self::Protocol => (502, cause.text()),
            _ => (503, cause.text()),
        };
        let body = format!(
            "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
        );
        let details = match cause {
            Self::Connect(Some(text)) => format!("{reason}|delayed connect error: {text}"),
            _ => reason.to_owned(),
        };
        let details = format!("upstream_reset_{when}_response_started{{{details}}}");
        LocalReply::of_proxy(status, &body, &details)
    }

    /// What is said when there was some of a response.
    pub(crate) fn after_response(&self) -> LocalReply {
        let details = format!("upstream_reset_after_response_started{{{}}}", self.text());
        LocalReply::of_proxy(503, "", &details)
    }
}

/// What is said when the time for a response is over.
pub(crate) fn timed_out() -> LocalReply {
    LocalReply::of_proxy(504, "upstream request timeout", "response_timeout")
}

// The error, its cause, the cause of that, …
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| <dyn Error>::source(error))
}

// Rust adds the number to the system's text.
fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_says_what_the_system_said() {
        let refused = io::Error::from_raw_os_error(111);
        let reply = ResetReason::of_connect(Some(&refused)).before_response();
        assert_eq!(
            reply.code_details(),
            b"upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}"
        );
        assert_eq!((reply.status, reply.body.len()), (503, 98));
    }

    #[test]
    fn a_protocol_error_is_a_bad_gateway() {
        assert_eq!(ResetReason::Protocol.before_response().status, 502);
    }
}
