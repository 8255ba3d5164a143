//! What becomes of a message when its handler is done.

use crate::core::LocalReply;

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

impl From<LocalReply> for Flow {
    fn from(reply: LocalReply) -> Self {
        Self::Reply(reply)
    }
}
