//! From a local reply to the response that the client gets.

use super::world::{Pairs, first, pairs};
use crate::core::reply::{LAST_GRPC_STATUS, grpc_message, grpc_status};
use crate::hostcalls::RawReply;

/// A reply of the filter.
#[derive(Debug, Clone)]
pub(super) struct LocalReply {
    pub(super) status: u32,
    /// Without spaces (rule Y5).
    pub(super) details: Vec<u8>,
    headers: Pairs,
    body: Vec<u8>,
    /// The one that was given, if gRPC has such a status.
    grpc_status: Option<u32>,
}

// === impl LocalReply ===

impl LocalReply {
    pub(super) fn new(reply: RawReply<'_>) -> Self {
        let visible = |byte: &u8| match byte {
            byte if byte.is_ascii_whitespace() => b'_',
            byte => *byte,
        };
        Self {
            status: reply.status,
            details: reply.details.iter().map(visible).collect(),
            headers: pairs(reply.headers),
            body: reply.body.to_vec(),
            grpc_status: u32::try_from(reply.grpc_status)
                .ok()
                .filter(|status| *status <= LAST_GRPC_STATUS),
        }
    }

    /// Headers and body, as a client of gRPC gets them or another.
    pub(super) fn response(&self, to_grpc: bool) -> (Pairs, Vec<u8>) {
        match to_grpc {
            true => (self.grpc(), Vec::new()),
            false => (self.plain(), self.body.clone()),
        }
    }

    // Rules Y2, Y4.
    fn plain(&self) -> Pairs {
        let own = [":status", "content-length"];
        let kept = self.headers.iter();
        let kept = kept.filter(|(name, _)| !own.iter().any(|own| own.as_bytes() == name));
        let status = (b":status".to_vec(), self.status.to_string().into_bytes());
        let mut headers: Pairs = std::iter::once(status).chain(kept.cloned()).collect();
        let length = self.body.len().to_string();
        headers.push((b"content-length".to_vec(), length.into_bytes()));
        if !self.body.is_empty() && first(&headers, "content-type").is_none() {
            headers.push((b"content-type".to_vec(), b"text/plain".to_vec()));
        }
        headers
    }

    // Trailers only: status 200, and the body as `grpc-message` (rule Y6).
    fn grpc(&self) -> Pairs {
        let said = self.grpc_status.map(|status| status.to_string());
        let said = said.or_else(|| first(&self.headers, "grpc-status"));
        let status = said.unwrap_or_else(|| grpc_status(self.status).to_string());
        let own: [&[u8]; 3] = [b":status", b"content-type", b"grpc-status"];
        let kept = self.headers.iter();
        let kept = kept.filter(|(name, _)| !own.contains(&name.as_slice()));
        let mut headers = vec![(b":status".to_vec(), b"200".to_vec())];
        headers.extend(kept.cloned());
        headers.push((b"content-type".to_vec(), b"application/grpc".to_vec()));
        headers.push((b"grpc-status".to_vec(), status.into_bytes()));
        if !self.body.is_empty() {
            headers.retain(|(name, _)| name != b"grpc-message");
            headers.push((b"grpc-message".to_vec(), grpc_message(&self.body)));
        }
        headers
    }
}
