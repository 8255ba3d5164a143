//! Why an upstream did not answer, in Envoy's words: flags, details and body of the reply that the client gets.

use std::error::Error as _;
use std::io;

use hyper_util::client::legacy::Error;

use crate::host::reply::LocalReply;
use crate::host::stream::ResponseFlags;

/// What is made of a request that has no response.
pub(super) struct Failure {
    /// Why there was no connection, if there was none.
    pub(super) connecting: Option<String>,
    pub(super) flag: ResponseFlags,
    pub(super) reply: LocalReply,
}

// === impl Failure ===

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        if error.is_connect() {
            return Self::unreachable(&reason(error));
        }
        let details = "upstream_reset_before_response_started{connection_termination}";
        Self {
            connecting: None,
            flag: ResponseFlags::UPSTREAM_CONNECTION_TERMINATION,
            reply: LocalReply::of_proxy(503, &body("connection termination"), details),
        }
    }

    fn unreachable(reason: &str) -> Self {
        let connecting = format!("delayed connect error: {reason}");
        let details = format!(
            "upstream_reset_before_response_started{{remote_connection_failure|{connecting}}}"
        );
        Self {
            flag: ResponseFlags::UPSTREAM_CONNECTION_FAILURE,
            reply: LocalReply::of_proxy(503, &body("remote connection failure"), &details),
            connecting: Some(connecting),
        }
    }
}

fn body(reason: &str) -> String {
    format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}")
}

// What the system says about the socket, without the number.
fn reason(error: &Error) -> String {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let text = error.to_string();
            return text
                .split_once(" (os error")
                .map_or_else(|| text.clone(), |(text, _)| text.to_owned());
        }
        cause = error.source();
    }
    "Connection timed out".to_owned()
}
