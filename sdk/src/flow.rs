//! What becomes of a message when its handler is done.

use crate::core::{LocalReply, StaticReply};

/// What a handler decides.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// The message goes on to the next filter.
    Continue,
    /// The exchange ends here: the client gets this reply. In a response handler it takes the response's place, or cuts
    /// the connection when the response's headers have gone (rule Y3).
    Reply(LocalReply),
}

impl Flow {
    /// A reply with a text body. One with details, or with a status for gRPC clients, is a [`LocalReply`], or declared as a
    /// [`StaticReply`].
    pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Reply(LocalReply::new(status, body))
    }
}

impl From<LocalReply> for Flow {
    fn from(reply: LocalReply) -> Self {
        Self::Reply(reply)
    }
}

impl From<StaticReply> for Flow {
    fn from(reply: StaticReply) -> Self {
        Self::Reply(reply.into())
    }
}
