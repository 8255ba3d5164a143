//! Sending local replies.

use crate::core::LocalReply;
use crate::core::headers::to_pairs;
use crate::hostcalls::{RawReply, host};

// "Not given": Envoy then maps the HTTP status (rule Y6).
const NO_GRPC_STATUS: i32 = -1;

/// Sends a local reply. Where that fails the message stays held: what was not let pass must not pass.
pub(crate) fn send(reply: &LocalReply) {
    let headers = reply.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_bytes(), value.as_slice()));
    let sent = host().send_local_response(RawReply {
        status: reply.status.into(),
        details: reply.details.as_bytes(),
        body: &reply.body,
        headers: &to_pairs(headers),
        grpc_status: NO_GRPC_STATUS,
    });
    if let Err(status) = sent {
        log::error!("hostcall `send_local_response` failed: {status}; the message stays held");
    }
}
