//! The algorithms of RFC 7518 section 3.1 that a token may name (rule J24).
//!
//! They are not the schemes that signatures have, because what a token says about itself does not decide how it is verified:
//! the key does.

use policy_signature::Hash;

/// What a token's header calls its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs(Hash),
    Ps(Hash),
    Es(Hash),
    Hs(Hash),
    EdDsa,
}

// === impl Algorithm ===

impl Algorithm {
    /// By its name, whose case counts.
    pub(crate) fn named(name: &str) -> Option<Self> {
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

fn hash_of_bits(bits: &str) -> Option<Hash> {
    match bits {
        "256" => Some(Hash::Sha256),
        "384" => Some(Hash::Sha384),
        "512" => Some(Hash::Sha512),
        _ => None,
    }
}
