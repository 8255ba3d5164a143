//! `sign`: RSA (PKCS#1 v1.5) and ECDSA (signatures in DER) over a named hash (rule F3).

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::der::Decode as _;
use prost::Message as _;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use sec1::EcPrivateKey;

use super::digest::{Hashed, hash};
use super::keys::{Algorithm, curve, from_pem, private_key};
use super::messages::{SignArguments, SignResult, read};
use crate::abi::Status;

const NO_KEY: &str = "Invalid key type: private key required for signing operation.";
const WRONG_KEY: &str = "Invalid private key: key data is corrupted or malformed.";

/// The labels of private keys in PEM: PKCS#8, PKCS#1 and RFC 5915.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// What came of it is in the result; only an argument that says no key, or two, is bad.
pub(crate) fn sign(argument: &[u8]) -> Result<Vec<u8>, Status> {
    let arguments: SignArguments = read(argument)?;
    if arguments.private_key.is_empty() == arguments.private_key_pem.is_empty() {
        return Err(Status::BAD_ARGUMENT);
    }
    let result = match signature(arguments) {
        Ok(signature) => SignResult {
            result: true,
            signature,
            error: String::new(),
        },
        Err(error) => SignResult {
            error,
            ..SignResult::default()
        },
    };
    Ok(result.encode_to_vec())
}

fn signature(arguments: SignArguments) -> Result<Vec<u8>, String> {
    let hashed = hash(&arguments.hash_function, &arguments.text)?;
    let (label, der) = if arguments.private_key.is_empty() {
        from_pem(&arguments.private_key_pem, &LABELS).ok_or(NO_KEY)?
    } else {
        ("PRIVATE KEY".to_owned(), arguments.private_key)
    };
    let signed = match label.as_str() {
        "RSA PRIVATE KEY" => rsa(&der, &hashed),
        "EC PRIVATE KEY" => ec(&der, None, &hashed),
        _ => match private_key(&der).ok_or(NO_KEY)? {
            (Algorithm::Rsa, key) => rsa(key.private_key, &hashed),
            (Algorithm::Ed25519, _) => return Err(WRONG_KEY.to_owned()),
            (algorithm, key) => ec(key.private_key, Some(algorithm), &hashed),
        },
    };
    signed.ok_or_else(|| NO_KEY.to_owned())
}

fn rsa(der: &[u8], hashed: &Hashed) -> Option<Vec<u8>> {
    let key = RsaPrivateKey::from_pkcs1_der(der).ok()?;
    key.sign(hashed.padding.clone(), &hashed.digest).ok()
}

// The curve is named around the key, or in it.
fn ec(der: &[u8], algorithm: Option<Algorithm>, hashed: &Hashed) -> Option<Vec<u8>> {
    let key = EcPrivateKey::from_der(der).ok()?;
    let scalar = key.private_key;
    match algorithm.or_else(|| curve(&key))? {
        Algorithm::P224 => {
            let key = p224::ecdsa::SigningKey::from_slice(scalar).ok()?;
            let signature: p224::ecdsa::Signature = signed(&key, &hashed.for_field(28))?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::P256 => {
            let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
            let signature: p256::ecdsa::Signature = signed(&key, &hashed.for_field(32))?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::P384 => {
            let key = p384::ecdsa::SigningKey::from_slice(scalar).ok()?;
            let signature: p384::ecdsa::Signature = signed(&key, &hashed.for_field(48))?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::P521 => {
            let key = p521::ecdsa::SigningKey::from_slice(scalar).ok()?;
            let signature: p521::ecdsa::Signature = signed(&key, &hashed.for_field(66))?;
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::Rsa | Algorithm::Ed25519 => None,
    }
}

fn signed<S>(key: &impl PrehashSigner<S>, digest: &[u8]) -> Option<S> {
    key.sign_prehash(digest).ok()
}
