//! What a hostcall answers: a status, and the error that names the call when it is not Ok.

use std::fmt;

/// A Proxy-Wasm status. Hosts may return numbers the specification does not know; they are values too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u32);

/// A hostcall that did not succeed: which one, about what, and the status it returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError {
    /// The hostcall, without its `proxy_` prefix.
    pub call: &'static str,
    /// What it was about: a header name, a property path; empty when there is nothing to name.
    pub subject: String,
    /// What the host answered.
    pub status: Status,
}

// === impl Status ===

impl Status {
    /// The call succeeded.
    pub const OK: Self = Self(0);
    /// Nothing is there under that name.
    pub const NOT_FOUND: Self = Self(1);
    /// An argument is not acceptable, often because of the phase (rule H1).
    pub const BAD_ARGUMENT: Self = Self(2);
    /// The host cannot write the value down.
    pub const SERIALIZATION_FAILURE: Self = Self(3);
    /// Bytes are not in the form the ABI promises.
    pub const PARSE_FAILURE: Self = Self(4);
    /// The queue has no item.
    pub const EMPTY: Self = Self(7);
    /// Somebody else has written the shared value since it was read.
    pub const CAS_MISMATCH: Self = Self(8);
    /// Something is wrong with the host.
    pub const INTERNAL_FAILURE: Self = Self(10);
    /// A connection was reset.
    pub const BROKEN_CONNECTION: Self = Self(11);
    /// The host does not have that function.
    pub const UNIMPLEMENTED: Self = Self(12);

    /// Ok as `Ok`, and everything else as the error.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn result(self) -> Result<(), Self> {
        match self {
            Self::OK => Ok(()),
            other => Err(other),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0 => "Ok",
            1 => "NotFound",
            2 => "BadArgument",
            3 => "SerializationFailure",
            4 => "ParseFailure",
            5 => "BadExpression",
            6 => "InvalidMemoryAccess",
            7 => "Empty",
            8 => "CasMismatch",
            9 => "ResultMismatch",
            10 => "InternalFailure",
            11 => "BrokenConnection",
            12 => "Unimplemented",
            other => return write!(f, "unknown status {other}"),
        };
        write!(f, "{name} (status {})", self.0)
    }
}

// === impl HostError ===

impl HostError {
    #[cold]
    pub(crate) fn new(call: &'static str, subject: &[u8], status: Status) -> Self {
        Self {
            call,
            subject: subject.escape_ascii().to_string(),
            status,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hostcall `{}`", self.call)?;
        if !self.subject.is_empty() {
            write!(f, " on `{}`", self.subject)?;
        }
        write!(f, " failed: {}", self.status)
    }
}

impl std::error::Error for HostError {}
