//! Every hash on every curve: which pairs verify in Envoy's way (rule J35) and which strictly (RFC 7518 section 3.4).

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::support::{ISSUER, NOW, base64url, bearer, codes, rule_with_keys};

const VALID: [&str; 2] = ["jwt.valid"; 2];
const LAX: [&str; 2] = ["jwt.valid", "jwt.bad_signature"];
const NEITHER: [&str; 2] = ["jwt.bad_signature"; 2];

const P256: &str = include_str!("../keys/p256.jwk.json");
const P384: &str = include_str!("../keys/p384.jwk.json");
const P521: &str = include_str!("../keys/p521.jwk.json");

/// Signs a digest.
type Signer = fn(&[u8]) -> Vec<u8>;
/// Hashes a text.
type Hasher = fn(&[u8]) -> Vec<u8>;

fn p256(digest: &[u8]) -> Vec<u8> {
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(include_str!("../keys/p256.pem")).unwrap();
    let signature: p256::ecdsa::Signature = key.sign_prehash(digest).unwrap();
    signature.to_vec()
}

fn p384(digest: &[u8]) -> Vec<u8> {
    let key = p384::ecdsa::SigningKey::from_pkcs8_pem(include_str!("../keys/p384.pem")).unwrap();
    let signature: p384::ecdsa::Signature = key.sign_prehash(digest).unwrap();
    signature.to_vec()
}

fn p521(digest: &[u8]) -> Vec<u8> {
    let key = p521::SecretKey::from_pkcs8_pem(include_str!("../keys/p521.pem")).unwrap();
    let key = p521::ecdsa::SigningKey::from_bytes(&key.to_bytes()).unwrap();
    // The signer takes no digest of less than half the curve's width; zeros in front change nothing.
    let digest = [&[0; 2], digest].concat();
    let signature: p521::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
    signature.to_vec()
}

fn sha256(text: &[u8]) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

fn sha384(text: &[u8]) -> Vec<u8> {
    Sha384::digest(text).to_vec()
}

fn sha512(text: &[u8]) -> Vec<u8> {
    Sha512::digest(text).to_vec()
}

fn token(algorithm: &str, sign: Signer, hash: Hasher) -> String {
    let header = json!({"alg": algorithm}).to_string();
    let payload = json!({"iss": ISSUER, "exp": NOW}).to_string();
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(payload.as_bytes())
    );
    let signature = sign(&hash(input.as_bytes()));
    format!("{input}.{}", base64url(&signature))
}

#[test]
fn a_curve_verifies_its_own_hash_and_in_envoy_the_others_too() {
    let cases: [(&str, &str, Signer, Hasher, [&str; 2]); 12] = [
        ("ES256", P256, p256, sha256, VALID),
        ("ES384", P384, p384, sha384, VALID),
        ("ES512", P521, p521, sha512, VALID),
        ("ES384", P256, p256, sha384, LAX),
        ("ES512", P256, p256, sha512, LAX),
        ("ES256", P384, p384, sha256, LAX),
        ("ES512", P384, p384, sha512, LAX),
        ("ES256", P521, p521, sha256, LAX),
        ("RS512", P384, p384, sha256, LAX),
        ("EdDSA", P521, p521, sha256, LAX),
        ("ES256", P256, p256, sha384, NEITHER),
        ("ES512", P521, p521, sha256, NEITHER),
    ];
    for (algorithm, key, sign, hash, expected) in cases {
        let rule = rule_with_keys(&[serde_json::from_str(key).unwrap()]);
        let head = bearer(&token(algorithm, sign, hash));
        assert_eq!(codes(&[rule], &head), expected, "{algorithm} {key}");
    }
}
