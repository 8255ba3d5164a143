//! Ed25519 (RFC 8032, RFC 8037) through `ed25519-dalek`.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::{Invalid, KeyError};

pub(crate) struct PublicKey(VerifyingKey);

// === impl PublicKey ===

impl PublicKey {
    pub(crate) fn new(x: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(x).map_err(|_| KeyError::NotOnCurve)?;
        if key.is_weak() {
            return Err(KeyError::WeakPoint);
        }
        Ok(Self(key))
    }

    pub(crate) fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), Invalid> {
        let signature = Signature::from_slice(signature).map_err(|_| Invalid)?;
        self.0.verify(text, &signature).map_err(|_| Invalid)
    }
}
