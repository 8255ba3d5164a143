//! Signatures that the host verifies and makes, at native speed: 42 us for RSA-2048, 95 us for P-256 (rule F2).

use super::wire::{Field, Fields, Message};
use super::{malformed, optional};
use crate::error::Error;

/// What a text is hashed by before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the function of its name")]
pub enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A key, RSA's or an elliptic curve's: a public one as `SubjectPublicKeyInfo`, a private one as PKCS#8.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// In DER.
    Der(&'a [u8]),
    /// In PEM, with the label `PUBLIC KEY` or `PRIVATE KEY`.
    Pem(&'a str),
}

/// What the host says of a signature.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is that key's, of that text.
    Valid,
    /// It is not, or the host cannot use the key or the hash. Why, in the host's words: Envoy's begin with `Failed to
    /// verify digest` where the signature is wrong.
    Invalid(String),
}

/// Verifies a signature: RSA's (PKCS#1 v1.5), or ECDSA's on P-256 and P-384, in DER (rule F1). `None` where the host does
/// not verify any.
///
/// # Errors
/// When the key is empty, or the host fails.
pub fn verify_signature(
    hash: Hash,
    public_key: Key<'_>,
    signature: &[u8],
    text: &[u8],
) -> Result<Option<Verified>, Error> {
    const NAME: &str = "verify_signature";
    let (der, pem) = public_key.forms();
    let room = der.len() + pem.len() + signature.len() + text.len();
    let argument = Message::with_room(room)
        .bytes(1, hash.name())
        .bytes(2, der)
        .bytes(3, signature)
        .bytes(4, text)
        .bytes(5, pem);
    let Some(answer) = optional(NAME, &argument.finish())? else {
        return Ok(None);
    };
    let (mut is_valid, mut why) = (false, String::new());
    for field in Fields(&answer) {
        match field {
            (1, Field::Number(result)) => is_valid = result != 0,
            (2, Field::Bytes(error)) => why = String::from_utf8_lossy(error).into_owned(),
            _ => return Err(malformed(NAME)),
        }
    }
    Ok(Some(match is_valid {
        true => Verified::Valid,
        false => Verified::Invalid(why),
    }))
}

/// Signs a text: with RSA (PKCS#1 v1.5), or with ECDSA, whose signatures are in DER and different each time (rule F3).
/// `None` where the host does not sign.
///
/// # Errors
/// When the host cannot use the key, or fails.
pub fn sign(hash: Hash, private_key: Key<'_>, text: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    const NAME: &str = "sign";
    let (der, pem) = private_key.forms();
    let argument = Message::new()
        .bytes(1, hash.name())
        .bytes(2, der)
        .bytes(3, text)
        .bytes(4, pem);
    let Some(answer) = optional(NAME, &argument.finish())? else {
        return Ok(None);
    };
    let (mut signature, mut why) = (None, &b""[..]);
    for field in Fields(&answer) {
        match field {
            (1, Field::Number(_)) => {}
            (2, Field::Bytes(bytes)) => signature = Some(bytes.to_vec()),
            (3, Field::Bytes(error)) => why = error,
            _ => return Err(malformed(NAME)),
        }
    }
    match signature {
        Some(signature) => Ok(Some(signature)),
        None => Err(Error::other(format_args!(
            "the host did not sign: {}",
            why.escape_ascii()
        ))),
    }
}

// === impl Verified ===

impl Verified {
    /// Whether the signature is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        *self == Self::Valid
    }
}

// === impl Key ===

impl<'a> Key<'a> {
    // DER and PEM, of which one is empty.
    fn forms(self) -> (&'a [u8], &'a str) {
        match self {
            Self::Der(key) => (key, ""),
            Self::Pem(key) => (&[], key),
        }
    }
}

/// Without the key, which may be a secret.
impl std::fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Der(_) => "Der(..)",
            Self::Pem(_) => "Pem(..)",
        })
    }
}

// === impl Hash ===

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}
