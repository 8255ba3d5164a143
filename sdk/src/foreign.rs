//! What hosts have beside the ABI, by name: signatures, zlib, filter state, expressions in CEL.
//!
//! Envoy has all of it, other hosts little or nothing. What answers something answers `None` where the host lacks the
//! function, so that a filter does the work itself there:
//!
//! ```
//! use meshwright::foreign;
//! # fn pack_here(_: &[u8]) -> Vec<u8> { Vec::new() }
//! # fn pack(bytes: &[u8]) -> Result<Vec<u8>, meshwright::Error> {
//! let packed = match foreign::compress(bytes)? {
//!     Some(packed) => packed,
//!     None => pack_here(bytes),
//! };
//! # Ok(packed)
//! # }
//! # pack(b"a").unwrap();
//! ```
//!
//! What changes something ([`Stream::set_filter_state`](crate::Stream::set_filter_state),
//! [`Stream::clear_route_cache`](crate::Stream::clear_route_cache), [`Declaration`]) is an error there, because what was not
//! done must not pass unnoticed; [`Error::is_not_found`] tells it from others.
//!
//! None of it needs a stream but where that is said, so that a filter can try a function when it starts, in
//! [`Filter::new`](crate::Filter::new), and decide once.

mod expression;
mod signature;
mod state;
mod wire;

use crate::error::Error;
use crate::hostcalls::{Named as _, host};
use crate::status::{HostError, Status};

pub use expression::Expression;
pub use signature::{Hash, Key, Verified, sign, verify_signature};
pub(crate) use state::set as set_filter_state;
pub use state::{Declaration, Span};

/// A function that may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// [`verify_signature`].
    VerifySignature,
    /// [`sign`].
    Sign,
    /// [`compress`].
    Compress,
    /// [`uncompress`].
    Uncompress,
    /// [`Expression`].
    Expressions,
}

const CALL: &str = "call_foreign_function";

/// Packs bytes in the zlib format (RFC 1950); `None` where the host does not.
///
/// # Errors
/// When the host fails.
pub fn compress(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    optional("compress", bytes)
}

/// Unpacks the zlib format (RFC 1950); `None` where the host does not. Beware of what a few bytes may become: nothing
/// limits that but the module's memory.
///
/// # Errors
/// When the bytes are not in that format, with `SerializationFailure`, or the host fails.
pub fn uncompress(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    optional("uncompress", bytes)
}

/// Calls a function. What it does not find is `NotFound`, as is the function.
pub(crate) fn call(name: &str, argument: &[u8]) -> Result<Vec<u8>, Error> {
    let result = host().call_foreign_function(name.as_bytes(), argument);
    Ok(result.named(CALL, name.as_bytes())?)
}

// Calls one that finds whatever it is given: then `NotFound` is the function itself. 10 is what a host answers whose
// operator forbids the hostcall (rule K1).
fn optional(name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let missing = [
        Status::NOT_FOUND,
        Status::UNIMPLEMENTED,
        Status::INTERNAL_FAILURE,
    ];
    match host().call_foreign_function(name.as_bytes(), argument) {
        Err(status) if missing.contains(&status) => Ok(None),
        result => Ok(Some(result.named(CALL, name.as_bytes())?)),
    }
}

// An answer that is not what the function promises.
#[cold]
fn malformed(name: &str) -> Error {
    HostError::new(CALL, name.as_bytes(), Status::PARSE_FAILURE).into()
}

// === impl Function ===

impl Function {
    /// Whether the host has it. It is called without an argument, which does nothing.
    #[must_use]
    pub fn is_there(self) -> bool {
        let name = match self {
            Self::VerifySignature => "verify_signature",
            Self::Sign => "sign",
            Self::Compress => "compress",
            Self::Uncompress => "uncompress",
            Self::Expressions => "expr_create",
        };
        // An error is its own: there is no argument.
        !matches!(optional(name, &[]), Ok(None))
    }
}

#[cfg(test)]
mod tests;
