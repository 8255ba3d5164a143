//! The three curves, and the forms a signature on them comes in.

use spki::ObjectIdentifier;

use crate::integer::significant;
use crate::spki::two_integers;

/// A curve of FIPS 186-5, by its name in JWK (RFC 7518 section 6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

// === impl Curve ===

impl Curve {
    /// The bytes of a coordinate, and of each of r and s.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// r and s in their one form of RFC 7518 section 3.4, from the many that Envoy takes: two halves of any length, an odd
    /// last byte ignored (rule J37). `None` when one of them is too large to be valid.
    #[must_use]
    pub fn canonical_signature(self, signature: &[u8]) -> Option<Vec<u8>> {
        let (r, s) = halves(signature)?;
        Some([fixed_width(r, self.width())?, fixed_width(s, self.width())?].concat())
    }

    /// RFC 5480 section 2.1.1.1.
    pub(super) const fn identifier(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
        })
    }
}

/// An ECDSA signature, r and s in two halves, as DER of ECDSA-Sig-Value (RFC 3279 section 2.2.3), the form that Envoy's
/// foreign function `verify_signature` takes. `None` when it is longer than DER's lengths go.
#[must_use]
pub fn ecdsa_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = halves(signature)?;
    two_integers(r, s).ok()
}

fn halves(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let half = signature.len() / 2;
    let (r, rest) = signature.split_at_checked(half)?;
    Some((r, rest.get(..half)?))
}

/// `number` in exactly `width` bytes; `None` when it needs more.
pub(super) fn fixed_width(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let digits = significant(number);
    let mut padded = vec![0; width.checked_sub(digits.len())?];
    padded.extend_from_slice(digits);
    Some(padded)
}
