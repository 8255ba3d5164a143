//! Whether a text was signed with a key: the signature algorithms of JWS (RFC 7518 section 3, RFC 8037), for verifying
//! many tokens with few keys inside a WebAssembly VM.
//!
//! A [`Key`] is built once and does all the work that does not depend on the token: Montgomery parameters, tables of
//! multiples, keyed hash states. A [`Scheme`] says how a signature was made; it is not a JWS `alg`, because Envoy pairs
//! keys and hash functions more freely than RFC 7518 does (rule J35).
//!
//! ```
//! use policy_signature::{Hash, Key, Scheme};
//!
//! // RFC 4231 section 4.3.
//! let key = Key::hmac(b"Jefe")?;
//! let tag = [
//!     0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
//!     0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
//! ];
//! let text = b"what do ya want for nothing?";
//! assert!(key.verify(Scheme::Hmac(Hash::Sha256), text, &tag).is_ok());
//! assert!(key.verify(Scheme::Hmac(Hash::Sha512), text, &tag).is_err());
//! # Ok::<(), policy_signature::KeyError>(())
//! ```
//!
//! # Bounded work
//!
//! What a verification costs depends on the key and the length of the text alone. RSA grows with the square of the
//! modulus: 2048 bits take 0.12 ms in V8, 4096 bits 0.6 ms, and 16384 bits, the most that a key may have, 9 ms. A caller
//! that takes keys from others should refuse sizes for which it has no time.
//!
//! An EC key is slower, P-256 by 0.7 ms, until it has verified its first signature: see [`Key::verify`]. The first key of a
//! curve does as much once more for the curve's base point.

#[cfg(not(any(feature = "ec", feature = "ed25519", feature = "hmac", feature = "rsa")))]
compile_error!("name a family of algorithms by its feature: ec, ed25519, hmac, rsa");

#[cfg(any(feature = "ec", feature = "rsa"))]
mod digest;
#[cfg(feature = "ec")]
mod ec;
#[cfg(feature = "ed25519")]
mod ed25519;
mod error;
#[cfg(feature = "hmac")]
mod hmac;
#[cfg(any(feature = "ec", feature = "rsa"))]
mod integer;
mod key;
#[cfg(feature = "rsa")]
mod rsa;
mod scheme;
#[cfg(any(feature = "ec", feature = "rsa"))]
mod spki;

#[cfg(feature = "ec")]
pub use crate::ec::{Curve, ecdsa_der};
pub use crate::error::{Invalid, KeyError};
pub use crate::key::Key;
pub use crate::scheme::{Hash, Scheme};
