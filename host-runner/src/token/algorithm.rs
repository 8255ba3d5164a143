//! The algorithms of RFC 7518 section 3.1 and RFC 8037 that sign tokens, by their names.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};

/// A hash function of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How a token is signed.
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
    /// The names of all.
    pub(crate) const NAMES: [&str; 13] = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
        "HS384", "HS512", "EdDSA",
    ];
}

impl FromStr for Algorithm {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        if name == "EdDSA" {
            return Ok(Self::EdDsa);
        }
        let unknown = || format!("unknown algorithm `{name}`");
        let (family, bits) = name.split_at_checked(2).with_context(unknown)?;
        let hash = Hash::of_bits(bits).with_context(unknown)?;
        Ok(match family {
            "RS" => Self::Rs(hash),
            "PS" => Self::Ps(hash),
            "ES" => Self::Es(hash),
            "HS" => Self::Hs(hash),
            _ => bail!(unknown()),
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rs(hash) => write!(f, "RS{}", hash.bits()),
            Self::Ps(hash) => write!(f, "PS{}", hash.bits()),
            Self::Es(hash) => write!(f, "ES{}", hash.bits()),
            Self::Hs(hash) => write!(f, "HS{}", hash.bits()),
            Self::EdDsa => f.write_str("EdDSA"),
        }
    }
}

// === impl Hash ===

impl Hash {
    /// How many bits a digest has.
    pub(crate) const fn bits(self) -> usize {
        match self {
            Self::Sha256 => 256,
            Self::Sha384 => 384,
            Self::Sha512 => 512,
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
