//! HMAC (RFC 2104): a secret, already hashed in for each hash function it may be used with.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::{Hash, Invalid, KeyError};

pub(crate) struct Secret {
    sha256: Hmac<Sha256>,
    sha384: Hmac<Sha384>,
    sha512: Hmac<Sha512>,
}

// === impl Secret ===

impl Secret {
    pub(crate) fn new(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::EmptySecret);
        }
        Ok(Self {
            sha256: keyed(secret)?,
            sha384: keyed(secret)?,
            sha512: keyed(secret)?,
        })
    }

    pub(crate) fn verify(&self, hash: Hash, text: &[u8], tag: &[u8]) -> Result<(), Invalid> {
        match hash {
            Hash::Sha256 => verify(&self.sha256, text, tag),
            Hash::Sha384 => verify(&self.sha384, text, tag),
            Hash::Sha512 => verify(&self.sha512, text, tag),
        }
    }
}

fn keyed<M: KeyInit>(secret: &[u8]) -> Result<M, KeyError> {
    M::new_from_slice(secret).map_err(|_| KeyError::EmptySecret)
}

/// In constant time, of the whole tag only (rule J37).
fn verify<M: Mac + Clone>(keyed: &M, text: &[u8], tag: &[u8]) -> Result<(), Invalid> {
    keyed
        .clone()
        .chain_update(text)
        .verify_slice(tag)
        .map_err(|_| Invalid)
}
