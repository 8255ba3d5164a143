//! The hash functions by the names that `verify_signature` and `sign` take, in any case.

use rsa::pkcs1v15::Pkcs1v15Sign;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A text's digest, and how RSA signs one of its kind.
pub(super) struct Hashed {
    pub(super) digest: Vec<u8>,
    pub(super) padding: Pkcs1v15Sign,
}

/// Hashes a text, or says that there is no such function.
pub(super) fn hash(function: &str, text: &[u8]) -> Result<Hashed, String> {
    match function.to_ascii_lowercase().as_str() {
        "sha1" => Ok(hashed(
            Sha1::digest(text).to_vec(),
            Pkcs1v15Sign::new::<Sha1>(),
        )),
        "sha224" => Ok(hashed(
            Sha224::digest(text).to_vec(),
            Pkcs1v15Sign::new::<Sha224>(),
        )),
        "sha256" => Ok(hashed(
            Sha256::digest(text).to_vec(),
            Pkcs1v15Sign::new::<Sha256>(),
        )),
        "sha384" => Ok(hashed(
            Sha384::digest(text).to_vec(),
            Pkcs1v15Sign::new::<Sha384>(),
        )),
        "sha512" => Ok(hashed(
            Sha512::digest(text).to_vec(),
            Pkcs1v15Sign::new::<Sha512>(),
        )),
        _ => Err(format!("{function} is not supported.")),
    }
}

// === impl Hashed ===

impl Hashed {
    /// The digest for a curve whose field has so many bytes. A shorter one is the same number with zeros in front, which
    /// is how the library takes one that is much shorter.
    pub(super) fn for_field(&self, bytes: usize) -> Vec<u8> {
        let mut padded = vec![0; bytes.saturating_sub(self.digest.len())];
        padded.extend(&self.digest);
        padded
    }
}

fn hashed(digest: Vec<u8>, padding: Pkcs1v15Sign) -> Hashed {
    Hashed { digest, padding }
}
