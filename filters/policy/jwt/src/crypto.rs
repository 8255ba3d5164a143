//! Keys that can verify: the one place that knows the crypto library.
//!
//! The library couples curve and hash as RFC 7518 does, so that of the other pairs (P-256 with SHA-512, say) and of P-521 and
//! RSA beyond 4096 bits nothing verifies yet.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Jwa, DecodingKey, DecodingKeyKind};

use crate::algorithm::{Hash, Scheme};
use crate::der;

/// A key, taken apart once and kept.
#[derive(Debug)]
pub(crate) struct VerifyingKey {
    kind: Kind,
    key: DecodingKey,
    /// Empty for a secret.
    public_key_info: Vec<u8>,
}

/// What a key is, as far as signatures depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa { modulus_bits: usize },
    Ec(Curve),
    Ed25519,
    Secret { bytes: usize },
}

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

// === impl VerifyingKey ===

impl VerifyingKey {
    /// From a modulus and exponent, big endian, without leading zeros.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Self {
            kind: Kind::Rsa {
                modulus_bits: bits(modulus),
            },
            key: DecodingKey::from_rsa_raw_components(modulus, exponent),
            public_key_info: der::rsa_public_key_info(modulus, exponent),
        }
    }

    /// From coordinates of [`Curve::width`]; `None` when the point is not on the curve (RFC 8725 section 3.4).
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        // SEC 1 section 2.3.3: an uncompressed point.
        let point = [&[4][..], x, y].concat();
        let key = usable(DecodingKey::from_ec_der(&point), curve.algorithm())?;
        Some(Self {
            kind: Kind::Ec(curve),
            key,
            public_key_info: der::ec_public_key_info(curve, &point),
        })
    }

    /// From the encoded point; `None` when there is no such point.
    pub(crate) fn ed25519(point: &[u8; 32]) -> Option<Self> {
        Some(Self {
            kind: Kind::Ed25519,
            key: usable(DecodingKey::from_ed_der(point), Jwa::EdDSA)?,
            public_key_info: der::ed25519_public_key_info(point),
        })
    }

    /// From the bytes of a shared secret.
    pub(crate) fn secret(secret: &[u8]) -> Self {
        Self {
            kind: Kind::Secret {
                bytes: secret.len(),
            },
            key: DecodingKey::from_secret(secret),
            public_key_info: Vec::new(),
        }
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

    /// `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), DER; none for a secret.
    pub(crate) fn public_key_info(&self) -> Option<&[u8]> {
        (!self.public_key_info.is_empty()).then_some(&self.public_key_info)
    }

    /// Whether `signature`, for ECDSA two halves of [`Curve::width`], is that of `text`.
    pub(crate) fn verify(&self, scheme: Scheme, text: &[u8], signature: &[u8]) -> bool {
        let verifier = self
            .algorithm(scheme)
            .filter(|_| self.is_in_range(signature))
            .and_then(|algorithm| (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &self.key).ok());
        verifier.is_some_and(|verifier| verifier.verify(text, &signature.to_vec()).is_ok())
    }

    /// RFC 8017 section 5.2.2 step 1: an RSA signature is below the modulus. The library does not check it for PSS.
    fn is_in_range(&self, signature: &[u8]) -> bool {
        match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, .. } => {
                signature.len() == n.len() && signature < n.as_slice()
            }
            DecodingKeyKind::SecretOrDer(_) => true,
        }
    }

    fn algorithm(&self, scheme: Scheme) -> Option<Jwa> {
        match (self.kind, scheme) {
            (Kind::Rsa { .. }, Scheme::RsaPkcs1(hash)) => {
                Some(hash.of(Jwa::RS256, Jwa::RS384, Jwa::RS512))
            }
            (Kind::Rsa { .. }, Scheme::RsaPss(hash)) => {
                Some(hash.of(Jwa::PS256, Jwa::PS384, Jwa::PS512))
            }
            (Kind::Ec(Curve::P256), Scheme::Ecdsa(Hash::Sha256)) => Some(Jwa::ES256),
            (Kind::Ec(Curve::P384), Scheme::Ecdsa(Hash::Sha384)) => Some(Jwa::ES384),
            (Kind::Ed25519, Scheme::EdDsa) => Some(Jwa::EdDSA),
            (Kind::Secret { .. }, Scheme::Hmac(hash)) => {
                Some(hash.of(Jwa::HS256, Jwa::HS384, Jwa::HS512))
            }
            _ => None,
        }
    }
}

// === impl Curve ===

impl Curve {
    /// Bytes of a coordinate, and of each half of a signature (RFC 7518 section 3.4).
    pub(crate) fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// The hash that RFC 7518 section 3.4 couples it with.
    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
        }
    }

    fn algorithm(self) -> Jwa {
        match self {
            Self::P256 => Jwa::ES256,
            Self::P384 => Jwa::ES384,
        }
    }
}

// === impl Hash ===

impl Hash {
    fn of<T>(self, sha256: T, sha384: T, sha512: T) -> T {
        match self {
            Self::Sha256 => sha256,
            Self::Sha384 => sha384,
            Self::Sha512 => sha512,
        }
    }
}

fn usable(key: DecodingKey, algorithm: Jwa) -> Option<DecodingKey> {
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key)
        .is_ok()
        .then_some(key)
}

fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(unused as usize)
}
