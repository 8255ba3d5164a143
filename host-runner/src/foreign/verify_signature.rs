//! `verify_signature`: RSA (PKCS#1 v1.5) and ECDSA (signatures in DER) over a named hash (rule F1).

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use prost::Message as _;
use rsa::pkcs1::der::Decode as _;
use rsa::{BigUint, RsaPublicKey};

use super::digest::{Hashed, hash};
use super::keys::{Algorithm, from_pem, public_key};
use super::messages::{VerifySignatureArguments, VerifySignatureResult, read};
use crate::abi::Status;

const BAD_KEY: &str = "Failed to initialize digest verify.";
const BAD_SIGNATURE: &str = "Failed to verify digest. Error code: 0";

/// BoringSSL takes no larger moduli; the library's own limit is lower.
const MAX_RSA_BITS: usize = 8192;

/// What came of it is in the result, also when the signature is wrong; only an argument that says no key, or two, is bad.
pub(crate) fn verify_signature(argument: &[u8]) -> Result<Vec<u8>, Status> {
    let arguments: VerifySignatureArguments = read(argument)?;
    if arguments.public_key.is_empty() == arguments.public_key_pem.is_empty() {
        return Err(Status::BAD_ARGUMENT);
    }
    let verified = verify(arguments);
    let result = VerifySignatureResult {
        result: verified.is_ok(),
        error: verified.err().unwrap_or_default(),
    };
    Ok(result.encode_to_vec())
}

fn verify(arguments: VerifySignatureArguments) -> Result<(), String> {
    let hashed = hash(&arguments.hash_function, &arguments.text)?;
    let der = if arguments.public_key.is_empty() {
        from_pem(&arguments.public_key_pem, &["PUBLIC KEY"]).map(|(_, der)| der)
    } else {
        Some(arguments.public_key)
    };
    let der = der.ok_or(BAD_KEY)?;
    let (algorithm, key) = public_key(&der).ok_or(BAD_KEY)?;
    Ok(with_key(algorithm, &key, &hashed, &arguments.signature)?)
}

fn with_key(
    algorithm: Algorithm,
    key: &SubjectPublicKeyInfoRef<'_>,
    hashed: &Hashed,
    signature: &[u8],
) -> Result<(), &'static str> {
    let point = key.subject_public_key.raw_bytes();
    match algorithm {
        Algorithm::Rsa => {
            let key = rsa_key(point).ok_or(BAD_KEY)?;
            let verified = key.verify(hashed.padding.clone(), &hashed.digest, signature);
            verified.map_err(|_| BAD_SIGNATURE)
        }
        Algorithm::P224 => ecdsa(
            p224::ecdsa::VerifyingKey::from_sec1_bytes(point).ok(),
            p224::ecdsa::Signature::from_der(signature).ok(),
            &hashed.for_field(28),
        ),
        Algorithm::P256 => ecdsa(
            p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok(),
            p256::ecdsa::Signature::from_der(signature).ok(),
            &hashed.for_field(32),
        ),
        Algorithm::P384 => ecdsa(
            p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok(),
            p384::ecdsa::Signature::from_der(signature).ok(),
            &hashed.for_field(48),
        ),
        Algorithm::P521 => ecdsa(
            p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok(),
            p521::ecdsa::Signature::from_der(signature).ok(),
            &hashed.for_field(66),
        ),
        Algorithm::Ed25519 => Err(BAD_KEY),
    }
}

fn ecdsa<K: PrehashVerifier<S>, S>(
    key: Option<K>,
    signature: Option<S>,
    digest: &[u8],
) -> Result<(), &'static str> {
    let key = key.ok_or(BAD_KEY)?;
    let signature = signature.ok_or(BAD_SIGNATURE)?;
    let verified = key.verify_prehash(digest, &signature);
    verified.map_err(|_| BAD_SIGNATURE)
}

fn rsa_key(der: &[u8]) -> Option<RsaPublicKey> {
    let key = rsa::pkcs1::RsaPublicKey::from_der(der).ok()?;
    let number = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
    let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
    RsaPublicKey::new_with_max_size(number(modulus), number(exponent), MAX_RSA_BITS).ok()
}
