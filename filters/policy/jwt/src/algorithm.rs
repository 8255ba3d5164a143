//! The algorithms of RFC 7518 section 3.1 that a token may name (rule J24).
//!
//! They are not the schemes that signatures have, because what a token says about itself does not decide how it is verified:
//! the key does.

use std::fmt;

use policy_signature::Hash;

/// What a token's header calls its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
    Rs(Hash),
    /// RSASSA-PSS (section 3.5).
    Ps(Hash),
    /// ECDSA (section 3.4).
    Es(Hash),
    /// HMAC (section 3.2).
    Hs(Hash),
    /// Ed25519 (RFC 8037 section 3.1).
    EdDsa,
}

// === impl Algorithm ===

impl Algorithm {
    /// The names of all.
    pub const NAMES: [&str; 13] = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
        "HS384", "HS512", "EdDSA",
    ];

    /// By its name, whose case counts.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "EdDSA" {
            return Some(Self::EdDsa);
        }
        let (family, bits) = name.split_at_checked(2)?;
        let hash = hash_of_bits(bits)?;
        match family {
            "RS" => Some(Self::Rs(hash)),
            "PS" => Some(Self::Ps(hash)),
            "ES" => Some(Self::Es(hash)),
            "HS" => Some(Self::Hs(hash)),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, hash) = match self {
            Self::Rs(hash) => ("RS", hash),
            Self::Ps(hash) => ("PS", hash),
            Self::Es(hash) => ("ES", hash),
            Self::Hs(hash) => ("HS", hash),
            Self::EdDsa => return f.write_str("EdDSA"),
        };
        write!(f, "{family}{}", hash.bits())
    }
}

fn hash_of_bits(bits: &str) -> Option<Hash> {
    match bits {
        "256" => Some(Hash::Sha256),
        "384" => Some(Hash::Sha384),
        "512" => Some(Hash::Sha512),
        _ => None,
    }
}
