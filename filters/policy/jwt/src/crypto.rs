//! Keys that can verify: what a token asks of a key, in the words of the crypto library.

use std::fmt;

use policy_signature::{Curve, Hash, Key, Scheme};

/// A key, taken apart once and kept.
#[derive(Debug)]
pub(crate) struct VerifyingKey {
    kind: Kind,
    key: Key,
}

/// What a key is, as far as signatures depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa { modulus_bits: usize },
    Ec(Curve),
    Ed25519,
    Secret { bytes: usize },
}

// === impl VerifyingKey ===

impl VerifyingKey {
    /// From a modulus and exponent, big endian, without leading zeros; `None` when Envoy takes no such key (rule J51).
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus_bits = bits(modulus);
        Self::new(Kind::Rsa { modulus_bits }, Key::rsa(modulus, exponent).ok())
    }

    /// From coordinates; `None` when the point is not on the curve (RFC 8725 section 3.4).
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        Self::new(Kind::Ec(curve), Key::ec(curve, x, y).ok())
    }

    /// From the encoded point; `None` when there is no such point, or one that verifies anything.
    pub(crate) fn ed25519(point: &[u8; 32]) -> Option<Self> {
        Self::new(Kind::Ed25519, Key::ed25519(point).ok())
    }

    /// From the bytes of a shared secret; `None` when there are none.
    pub(crate) fn secret(secret: &[u8]) -> Option<Self> {
        let bytes = secret.len();
        Self::new(Kind::Secret { bytes }, Key::hmac(secret).ok())
    }

    fn new(kind: Kind, key: Option<Key>) -> Option<Self> {
        Some(Self { kind, key: key? })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What a check takes: RSA grows with the square of the modulus, and 1 is what 2048 bits take.
    pub(crate) fn cost(&self) -> usize {
        match self.kind {
            Kind::Rsa { modulus_bits } => modulus_bits.div_ceil(2048).pow(2),
            Kind::Ec(_) | Kind::Ed25519 | Kind::Secret { .. } => 1,
        }
    }

    /// `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), DER; of RSA and EC keys only.
    pub(crate) fn public_key_info(&self) -> Option<&[u8]> {
        self.key.subject_public_key_info()
    }

    /// Whether `signature`, for ECDSA two halves as wide as the curve, is that of `text`.
    pub(crate) fn verify(&self, scheme: Scheme, text: &[u8], signature: &[u8]) -> bool {
        self.key.verify(scheme, text, signature).is_ok()
    }
}

// === impl Kind ===

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { modulus_bits } => write!(f, "RSA of {modulus_bits} bits"),
            Self::Ec(Curve::P256) => f.write_str("EC on P-256"),
            Self::Ec(Curve::P384) => f.write_str("EC on P-384"),
            Self::Ec(Curve::P521) => f.write_str("EC on P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Secret { bytes } => write!(f, "secret of {bytes} bytes"),
        }
    }
}

/// The hash that RFC 7518 section 3.4 couples a curve with.
pub(crate) fn hash_of(curve: Curve) -> Hash {
    match curve {
        Curve::P256 => Hash::Sha256,
        Curve::P384 => Hash::Sha384,
        Curve::P521 => Hash::Sha512,
    }
}

fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(unused as usize)
}
