//! Keys in DER and PEM, as far as BoringSSL's `EVP_parse_public_key` and `EVP_parse_private_key` take them.
//! Bytes after a key are ignored, as there.

use p256::pkcs8::der::asn1::ObjectIdentifier;
use p256::pkcs8::der::{Decode, SliceReader};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use p256::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfo};

/// RFC 8017 appendix A.1, `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 section 2.1.1, `id-ecPublicKey`, and the named curves of section 2.1.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.33");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// RFC 8410 section 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Which kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    P224,
    P256,
    P384,
    P521,
    /// Parsed, but not for signatures over digests.
    Ed25519,
}

/// A public key (`SubjectPublicKeyInfo`) and its kind.
pub(super) fn public_key(der: &[u8]) -> Option<(Algorithm, SubjectPublicKeyInfoRef<'_>)> {
    let key = first::<SubjectPublicKeyInfoRef<'_>>(der)?;
    Some((algorithm(&key.algorithm)?, key))
}

/// A private key (PKCS#8) and its kind.
pub(super) fn private_key(der: &[u8]) -> Option<(Algorithm, PrivateKeyInfo<'_>)> {
    let key = first::<PrivateKeyInfo<'_>>(der)?;
    Some((algorithm(&key.algorithm)?, key))
}

/// The curve that a key in the format of RFC 5915 names.
pub(super) fn curve(key: &sec1::EcPrivateKey<'_>) -> Option<Algorithm> {
    named(key.parameters?.named_curve()?)
}

/// What is between the first lines of PEM that have one of these labels.
pub(super) fn from_pem(text: &str, labels: &[&str]) -> Option<(String, Vec<u8>)> {
    let blocks = pem::parse_many(text).ok()?;
    let block = blocks
        .into_iter()
        .find(|block| labels.contains(&block.tag()))?;
    Some((block.tag().to_owned(), block.into_contents()))
}

fn first<'a, T: Decode<'a>>(der: &'a [u8]) -> Option<T> {
    T::decode(&mut SliceReader::new(der).ok()?).ok()
}

fn algorithm(identifier: &AlgorithmIdentifierRef<'_>) -> Option<Algorithm> {
    match identifier.oid {
        RSA => Some(Algorithm::Rsa),
        ED25519 => Some(Algorithm::Ed25519),
        EC => named(identifier.parameters_oid().ok()?),
        _ => None,
    }
}

fn named(curve: ObjectIdentifier) -> Option<Algorithm> {
    match curve {
        P224 => Some(Algorithm::P224),
        P256 => Some(Algorithm::P256),
        P384 => Some(Algorithm::P384),
        P521 => Some(Algorithm::P521),
        _ => None,
    }
}
