//! The algorithms of RFC 7518 section 3.1 that a token may name (rule J24), and the schemes that signatures have.
//!
//! The two are kept apart, because what a token says about itself does not decide how it is verified: the key does.

/// What a token's header calls its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs(Hash),
    Ps(Hash),
    Es(Hash),
    Hs(Hash),
    EdDsa,
}

/// A way to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 and a salt as long as the hash (RFC 7518 section 3.5).
    RsaPss(Hash),
    /// ECDSA on the curve of the key.
    Ecdsa(Hash),
    /// Ed25519 (RFC 8032).
    EdDsa,
    /// HMAC (RFC 2104).
    Hmac(Hash),
}

/// A hash function of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

// === impl Algorithm ===

impl Algorithm {
    /// By its name, whose case counts.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if name == "EdDSA" {
            return Some(Self::EdDsa);
        }
        let (family, bits) = name.split_at_checked(2)?;
        let hash = Hash::of_bits(bits)?;
        match family {
            "RS" => Some(Self::Rs(hash)),
            "PS" => Some(Self::Ps(hash)),
            "ES" => Some(Self::Es(hash)),
            "HS" => Some(Self::Hs(hash)),
            _ => None,
        }
    }
}

// === impl Hash ===

impl Hash {
    /// How long a digest is.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn of_bits(bits: &str) -> Option<Self> {
        match bits {
            "256" => Some(Self::Sha256),
            "384" => Some(Self::Sha384),
            "512" => Some(Self::Sha512),
            _ => None,
        }
    }
}
