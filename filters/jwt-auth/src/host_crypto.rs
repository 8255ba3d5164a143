//! The host's own cryptography, where it has some: Envoy verifies RSA (PKCS#1 v1.5) and ECDSA on P-256 and P-384 at native
//! speed (rules F1, F2).

use meshwright::foreign::{Hash, Key, Verified, verify_signature};
use policy_jwt::{Hash as PolicyHash, Scheme, SignatureCheck};

/// Whether the host verifies signatures; tried once, when the plugin starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostCrypto {
    is_there: bool,
}

/// A key on P-256, and its signature (SHA-256) of [`TEXT`]; the private key is gone.
const KEY: &[u8] = include_bytes!("../self-test/public-key.der");
const SIGNATURE: &[u8] = include_bytes!("../self-test/signature.der");
const TEXT: &[u8] = b"meshwright";

// === impl HostCrypto ===

impl HostCrypto {
    /// A host is asked from now on if it knows a good signature from a bad one.
    pub(crate) fn try_out() -> Self {
        let is_good = |text| host_verifies(Hash::Sha256, KEY, SIGNATURE, text);
        let is_there = is_good(TEXT) == Some(true) && is_good(b"other") == Some(false);
        if !is_there {
            log::info!("the host verifies no signatures: the filter does, which takes longer");
        }
        Self { is_there }
    }

    /// Whether the signature is good.
    pub(crate) fn verify(self, check: &SignatureCheck<'_>) -> bool {
        self.ask(check).unwrap_or_else(|| check.verify())
    }

    // None where the host cannot say.
    fn ask(self, check: &SignatureCheck<'_>) -> Option<bool> {
        let (Scheme::RsaPkcs1(hash) | Scheme::Ecdsa(hash)) = check.scheme() else {
            return None;
        };
        let key = check.public_key().filter(|_| self.is_there)?;
        host_verifies(of(hash), key, &check.x509_signature(), check.text())
    }
}

// A host that fails, or cannot use a key, has not said that the signature is bad.
fn host_verifies(hash: Hash, key: &[u8], signature: &[u8], text: &[u8]) -> Option<bool> {
    match verify_signature(hash, Key::Der(key), signature, text) {
        Ok(Some(Verified::Valid)) => Some(true),
        Ok(Some(Verified::Invalid(why))) => why.starts_with("Failed to verify").then_some(false),
        Ok(None) | Err(_) => None,
    }
}

fn of(hash: PolicyHash) -> Hash {
    match hash {
        PolicyHash::Sha256 => Hash::Sha256,
        PolicyHash::Sha384 => Hash::Sha384,
        PolicyHash::Sha512 => Hash::Sha512,
    }
}
