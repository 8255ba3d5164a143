use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use policy_jwt::Algorithm;
use serde_json::json;

use super::*;

const ED25519: &[u8] = b"-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn verifies(token: &str, key: &SigningKey) -> bool {
    // `Err` means that it is installed already.
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
    let jwk: Jwk = serde_json::from_value(key.to_jwk("k").unwrap()).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_ok()
}

#[test]
fn a_minted_token_verifies_and_a_tampered_one_does_not() {
    for key in [
        SigningKey::from_pem(ED25519).unwrap(),
        SigningKey::from_secret("c2VjcmV0").unwrap(),
    ] {
        let token = mint(&key, &Map::new(), &object(&json!({"sub": "jason"}))).unwrap();
        assert!(verifies(&token, &key), "{key:?}");
        assert!(!verifies(&tamper_payload(&token), &key), "{key:?}");
        assert!(!verifies(&tamper_signature(&token), &key), "{key:?}");
    }
}

#[test]
fn a_new_key_can_be_read_again_and_others_verify_what_it_signs() {
    // jsonwebtoken has no ES512.
    for name in Algorithm::NAMES.into_iter().filter(|name| *name != "ES512") {
        let algorithm = Algorithm::named(name).unwrap();
        let text = SigningKey::generate(algorithm).unwrap().to_text().unwrap();
        let key = match algorithm {
            Algorithm::Hs(_) => SigningKey::from_secret(text.trim()),
            _ => SigningKey::from_pem(text.as_bytes()),
        };
        let key = key.and_then(|key| key.with_algorithm(name)).unwrap();
        let token = mint(&key, &Map::new(), &Map::new()).unwrap();
        assert!(verifies(&token, &key), "{name}");
        assert!(!verifies(&tamper_signature(&token), &key), "{name}");
    }
}

/// RFC 8037 appendices A.2 and A.3.
#[test]
fn a_thumbprint_is_that_of_the_standard() {
    let point = BASE64_URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = PublicKey::ed25519(&point.unwrap().try_into().unwrap());
    assert_eq!(
        key.thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn another_algorithm_must_be_of_the_same_family() {
    let key = SigningKey::from_secret("c2VjcmV0").unwrap();
    assert_eq!(
        key.with_algorithm("HS512").unwrap().algorithm_name(),
        "HS512"
    );
    assert_eq!(
        key.with_algorithm("RS256").unwrap_err().to_string(),
        "the key signs HS256, not `RS256`"
    );
    assert!(key.with_algorithm("XX").is_err());
}

#[test]
fn the_algorithm_none_leaves_the_signature_empty() {
    let key = SigningKey::from_secret("c2VjcmV0").unwrap();
    let token = mint(&key, &object(&json!({"alg": "none"})), &Map::new()).unwrap();
    assert!(token.ends_with(".e30."), "{token}");
}

#[test]
fn times_are_relative_to_the_clock() {
    let claims = json!({"exp": "now+1h", "nbf": "now-10", "iat": "now", "sub": "nowhere", "x": [1, "now+2d"]});
    let expected =
        json!({"exp": 4600, "nbf": 990, "iat": 1000, "sub": "nowhere", "x": [1, 173_800]});
    assert_eq!(resolve_times(&claims, 1000).unwrap(), expected);
    for wrong in ["now+", "now+1y", "now--1", "now+-1", "now+1hh"] {
        assert!(
            resolve_times(&json!(wrong), 0)
                .unwrap_err()
                .contains("expected a time"),
            "{wrong}"
        );
    }
}

#[test]
fn text_that_is_no_key_is_refused() {
    assert!(SigningKey::from_pem(b"no").is_err());
    assert!(SigningKey::from_secret("***").is_err());
    // With and without padding, whatever the length.
    for secret in ["Zg", "Zg==", "Zm8", "Zm9v"] {
        assert!(SigningKey::from_secret(secret).is_ok(), "{secret}");
    }
}
