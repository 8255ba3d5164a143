//! Why a key cannot be used, and that a signature is not one.

use thiserror::Error;

/// Why no [`Key`](crate::Key) could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The RSA modulus is shorter or longer than Envoy takes (rule J51).
    #[error("expected an RSA modulus of 512 to 16384 bits, found {0}")]
    ModulusSize(usize),
    /// The product of two odd primes is odd.
    #[error("the RSA modulus is even")]
    EvenModulus,
    /// Envoy takes no other exponents (rule J51), and each costs a fixed number of multiplications.
    #[error("expected 3 or 65537 as RSA exponent")]
    Exponent,
    /// RFC 8725 section 3.4.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point has so small an order that signatures fit any text.
    #[error("the point is of small order")]
    WeakPoint,
    /// A secret that everyone knows.
    #[error("the secret is empty")]
    EmptySecret,
}

/// The text was not signed like this with this key. It says no more, so that no one learns how far a forgery came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not fit")]
pub struct Invalid;
