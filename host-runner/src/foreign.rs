//! Foreign functions: what `proxy_call_foreign_function` offers beside the ABI, as Envoy 1.40 has it (section 4 of the
//! host rules).
//!
//! These are functions of bytes to bytes; what acts on a stream or a context is only read here, and done by the hostcall.

mod digest;
mod expressions;
mod keys;
mod messages;
mod sign;
mod verify_signature;
mod zlib;

pub(crate) use expressions::{EvaluateError, Expressions};
pub(crate) use messages::{DeclareProperty, SetEnvoyFilterState};
pub(crate) use sign::sign;
pub(crate) use verify_signature::verify_signature;
pub(crate) use zlib::{compress, uncompress};

#[cfg(test)]
mod tests;
