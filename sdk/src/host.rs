//! The proxy as a filter sees it: a trait, so that a test can take the proxy's place.

use std::fmt;
use std::time::SystemTime;

use meshwright_core::{Headers, LocalReply};

/// The hostcalls of one stream. In a module this is the proxy; in a native test, whatever the test provides.
///
/// Every method but [`random`](Self::random) maps to one Proxy-Wasm hostcall and can fail: a host may restrict it, lack it,
/// or answer with a status nobody has heard of.
pub trait Host {
    /// All request headers, pseudo headers included (`proxy_get_header_map_pairs`).
    ///
    /// # Errors
    /// Outside the request headers callback Envoy answers with `BadArgument` (rule H1).
    fn request_headers(&self) -> Result<Headers, HostError>;

    /// Replaces every value of a request header, or adds it (`proxy_replace_header_map_value`).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Adds a value to a request header (`proxy_add_header_map_value`).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn add_request_header(&self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Removes every value of a request header (`proxy_remove_header_map_value`).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn remove_request_header(&self, name: &str) -> Result<(), HostError>;

    /// A property by path, in its wire encoding; `None` when it is absent in this phase (`proxy_get_property`).
    ///
    /// # Errors
    /// As the hostcall's status; an absent property is not an error.
    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError>;

    /// Sets stream state (`proxy_set_property`). One name, not a path: Envoy cannot read a longer one back (rule P2).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn set_state(&self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Calls a foreign function and returns its result (`proxy_call_foreign_function`).
    ///
    /// # Errors
    /// `NotFound` where the host has no such function.
    fn call_foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, HostError>;

    /// Ends the request with a reply (`proxy_send_local_response`).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError>;

    /// The host's clock (`proxy_get_current_time_nanoseconds`).
    ///
    /// # Errors
    /// As the hostcall's status.
    fn now(&self) -> Result<SystemTime, HostError>;

    /// A random number from the module's own generator; not for secrets.
    fn random(&self) -> u64;
}

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

/// A Proxy-Wasm status. Hosts may return numbers the specification does not know; they are values too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u32);

// === impl HostError ===

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

// === impl Status ===

impl Status {
    /// The call succeeded.
    pub const OK: Self = Self(0);
    /// Nothing is there under that name.
    pub const NOT_FOUND: Self = Self(1);
    /// An argument is not acceptable, often because of the phase (rule H1).
    pub const BAD_ARGUMENT: Self = Self(2);
    /// The host sent bytes that are not in the form the ABI promises.
    pub const PARSE_FAILURE: Self = Self(4);
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
