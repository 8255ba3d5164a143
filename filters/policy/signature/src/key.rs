//! A key of any kind, and the one question asked of it.

use std::fmt;

use crate::{Invalid, KeyError, Scheme};

/// A key that verifies signatures. Building one costs less than a verification.
pub struct Key(Kind);

enum Kind {
    #[cfg(feature = "rsa")]
    Rsa(crate::rsa::PublicKey),
    #[cfg(feature = "ec")]
    Ec(crate::ec::PublicKey),
    #[cfg(feature = "ed25519")]
    Ed25519(crate::ed25519::PublicKey),
    #[cfg(feature = "hmac")]
    Hmac(Box<crate::hmac::Secret>),
}

// === impl Key ===

impl Key {
    /// An RSA public key of `modulus` and `exponent`, both big endian.
    ///
    /// # Errors
    ///
    /// When the modulus is even or has less than 512 or more than 16384 bits, or when the exponent is neither 3 nor 65537
    /// (rule J51).
    #[cfg(feature = "rsa")]
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        crate::rsa::PublicKey::new(modulus, exponent).map(|key| Self(Kind::Rsa(key)))
    }

    /// The public key that is the point (`x`, `y`) of `curve`, both big endian; as in Envoy, they may be shorter than the
    /// field, or longer by leading zeros.
    ///
    /// # Errors
    ///
    /// When there is no such point (RFC 8725 section 3.4).
    #[cfg(feature = "ec")]
    pub fn ec(curve: crate::Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        crate::ec::PublicKey::new(curve, x, y).map(|key| Self(Kind::Ec(key)))
    }

    /// The Ed25519 public key that `x` encodes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    ///
    /// When `x` encodes no point, or one of small order.
    #[cfg(feature = "ed25519")]
    pub fn ed25519(x: &[u8; 32]) -> Result<Self, KeyError> {
        crate::ed25519::PublicKey::new(x).map(|key| Self(Kind::Ed25519(key)))
    }

    /// A shared secret.
    ///
    /// # Errors
    ///
    /// When it is empty. Any other length is taken, as Envoy does, though RFC 7518 section 3.2 asks for that of the hash.
    #[cfg(feature = "hmac")]
    pub fn hmac(secret: &[u8]) -> Result<Self, KeyError> {
        crate::hmac::Secret::new(secret).map(|key| Self(Kind::Hmac(Box::new(key))))
    }

    /// Whether `signature` was made over `text` with this key, by `scheme`.
    ///
    /// An ECDSA signature is r and s, each as long as the curve's order (RFC 7518 section 3.4);
    /// [`Curve::canonical_signature`](crate::Curve::canonical_signature) makes that of what Envoy takes besides.
    ///
    /// An EC key computes a table of its multiples, which it keeps once a signature was valid: 25 kB for P-256, 115 kB for
    /// P-521. With it a verification takes a fourth of the time.
    ///
    /// # Errors
    ///
    /// When it was not, and when the scheme is for keys of another kind.
    pub fn verify(&self, scheme: Scheme, text: &[u8], signature: &[u8]) -> Result<(), Invalid> {
        match (&self.0, scheme) {
            #[cfg(feature = "rsa")]
            (Kind::Rsa(key), Scheme::RsaPkcs1(hash)) => key.verify_pkcs1(hash, text, signature),
            #[cfg(feature = "rsa")]
            (Kind::Rsa(key), Scheme::RsaPss(hash)) => key.verify_pss(hash, text, signature),
            #[cfg(feature = "ec")]
            (Kind::Ec(key), Scheme::Ecdsa(hash)) => key.verify(hash, text, signature),
            #[cfg(feature = "ed25519")]
            (Kind::Ed25519(key), Scheme::EdDsa) => key.verify(text, signature),
            #[cfg(feature = "hmac")]
            (Kind::Hmac(key), Scheme::Hmac(hash)) => key.verify(hash, text, signature),
            _ => Err(Invalid),
        }
    }

    /// The key as DER of SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), which Envoy's foreign function
    /// `verify_signature` takes; of RSA and EC keys only, those that the function knows.
    #[must_use]
    pub fn subject_public_key_info(&self) -> Option<&[u8]> {
        match &self.0 {
            #[cfg(feature = "rsa")]
            Kind::Rsa(key) => Some(key.subject_public_key_info()),
            #[cfg(feature = "ec")]
            Kind::Ec(key) => Some(key.subject_public_key_info()),
            #[cfg(feature = "ed25519")]
            Kind::Ed25519(_) => None,
            #[cfg(feature = "hmac")]
            Kind::Hmac(_) => None,
        }
    }

    /// The curve of an EC key.
    #[cfg(feature = "ec")]
    #[must_use]
    pub fn curve(&self) -> Option<crate::Curve> {
        match &self.0 {
            Kind::Ec(key) => Some(key.curve()),
            #[cfg(any(feature = "rsa", feature = "ed25519", feature = "hmac"))]
            _ => None,
        }
    }

    fn kind(&self) -> &'static str {
        match &self.0 {
            #[cfg(feature = "rsa")]
            Kind::Rsa(_) => "RSA",
            #[cfg(feature = "ec")]
            Kind::Ec(_) => "EC",
            #[cfg(feature = "ed25519")]
            Kind::Ed25519(_) => "Ed25519",
            #[cfg(feature = "hmac")]
            Kind::Hmac(_) => "HMAC",
        }
    }
}

/// Says the kind only: a secret belongs in no log.
impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.kind())
    }
}
