//! From a local reply to the response that the client gets.

use super::proxy::{Pairs, first, pairs};
use crate::hostcalls::RawReply;

/// A reply of the filter.
#[derive(Debug, Clone)]
pub(super) struct LocalReply {
    pub(super) status: u32,
    /// Without spaces (rule Y5).
    pub(super) details: Vec<u8>,
    headers: Pairs,
    body: Vec<u8>,
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
        }
    }

    /// Headers and body (rules Y2, Y4).
    pub(super) fn response(&self) -> (Pairs, Vec<u8>) {
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
        (headers, self.body.clone())
    }
}
