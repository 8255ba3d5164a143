//! Key pairs for tests, and tokens signed with them.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::support::{ISSUER, bearer, judge, rule_with_keys, sign_with};

fn jwk(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn rsa() -> (EncodingKey, Value) {
    let key = EncodingKey::from_rsa_pem(include_bytes!("../keys/rsa.pem")).unwrap();
    (key, jwk(include_str!("../keys/rsa.jwk.json")))
}

pub(crate) fn p256() -> (EncodingKey, Value) {
    let key = EncodingKey::from_ec_pem(include_bytes!("../keys/p256.pem")).unwrap();
    (key, jwk(include_str!("../keys/p256.jwk.json")))
}

pub(crate) fn p384() -> (EncodingKey, Value) {
    let key = EncodingKey::from_ec_pem(include_bytes!("../keys/p384.pem")).unwrap();
    (key, jwk(include_str!("../keys/p384.jwk.json")))
}

pub(crate) fn ed25519() -> (EncodingKey, Value) {
    let key = EncodingKey::from_ed_pem(include_bytes!("../keys/ed25519.pem")).unwrap();
    (key, jwk(include_str!("../keys/ed25519.jwk.json")))
}

pub(crate) fn other_rsa() -> Value {
    jwk(include_str!("../keys/other-rsa.jwk.json"))
}

pub(crate) fn payload() -> String {
    json!({"iss": ISSUER}).to_string()
}

pub(crate) fn token(key: &EncodingKey, algorithm: Algorithm) -> String {
    sign_with(
        &json!({"alg": algorithm}).to_string(),
        &payload(),
        key,
        algorithm,
    )
}

pub(crate) fn code(keys: &[Value], token: &str) -> &'static str {
    judge(&[rule_with_keys(keys)], &bearer(token)).reason().code
}
