//! Sending local replies.

use crate::core::LocalReply;
use crate::core::headers::to_pairs;
use crate::hostcalls::{RawReply, host};
use crate::message::checked;

// "Not given": Envoy then maps the HTTP status (rule Y6).
const NO_GRPC_STATUS: i32 = -1;

/// To whoever asked for what nobody could judge.
pub(crate) fn not_judged(status: u16, details: impl Into<String>) -> LocalReply {
    LocalReply::new(status, "the message could not be judged").with_details(details)
}

/// Sends a local reply; whether that was possible. Where it was not the message stays held: what was not let pass must
/// not pass.
pub(crate) fn send(reply: &LocalReply) -> bool {
    let odd = reply
        .headers
        .iter()
        .find(|(name, value)| checked(name, value).is_err());
    if let Some((name, _)) = odd {
        log::error!(
            "a reply is not sent as it is: header `{}` cannot be",
            name.escape_default()
        );
        return send_as_it_is(&not_judged(500, "meshwright_invalid_header"));
    }
    send_as_it_is(reply)
}

fn send_as_it_is(reply: &LocalReply) -> bool {
    let headers = reply.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_bytes(), value.as_slice()));
    let sent = host().send_local_response(RawReply {
        status: reply.status.into(),
        details: reply.details.as_bytes(),
        body: &reply.body,
        headers: &to_pairs(headers),
        grpc_status: grpc_status(reply),
    });
    if let Err(status) = sent {
        log::error!("hostcall `send_local_response` failed: {status}; the message stays held");
    }
    sent.is_ok()
}

fn grpc_status(reply: &LocalReply) -> i32 {
    let given = reply.grpc_status.map(i32::try_from);
    given.and_then(Result::ok).unwrap_or(NO_GRPC_STATUS)
}
