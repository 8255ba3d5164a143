//! Which keys of a set are usable, and for which tokens (rules J35, J36, J38, J50, J51).

use jsonwebtoken::Algorithm::RS256;
use policy_jwt::{Authenticator, Config, Inline, JwtRule};
use serde_json::{Value, json};

use crate::signers::{code, ed25519, other_rsa, p256, p384, payload, rsa, token};
use crate::support::{
    NOW, at, base64url, bearer, decided, judge, reply, rule_with_keys, secret_jwk, sign_with,
};

/// Of the RSA test key.
const CERTIFICATE: &str = include_str!("../keys/rsa.crt.pem");

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

/// The code for a token of the RSA test key whose header has this `kid`.
fn code_with_kid(keys: &[Value], kid: &str) -> &'static str {
    let header = json!({"alg": "RS256", "kid": kid}).to_string();
    code(keys, &sign_with(&header, &payload(), &rsa().0, RS256))
}

fn is_usable(key: Value) -> bool {
    let config = Config {
        jwt_rules: vec![rule_with_keys(&[key])],
        ..Config::default()
    };
    Authenticator::from_config(&config).is_ok()
}

#[test]
fn a_token_of_another_key_is_refused() {
    assert_eq!(
        code(&[other_rsa()], &token(&rsa().0, RS256)),
        "jwt.bad_signature"
    );
}

#[test]
fn the_first_key_that_verifies_wins() {
    let (key, public) = rsa();
    assert_eq!(
        code(&[other_rsa(), secret_jwk(), public], &token(&key, RS256)),
        "jwt.valid"
    );
}

#[test]
fn a_key_of_another_id_is_not_tried() {
    assert_eq!(
        code_with_kid(&[with(rsa().1, "kid", json!("a"))], "a"),
        "jwt.valid"
    );
    let verdict = judge(
        &[rule_with_keys(&[with(rsa().1, "kid", json!("a"))])],
        &bearer(&sign_with(
            r#"{"alg":"RS256","kid":"b"}"#,
            &payload(),
            &rsa().0,
            RS256,
        )),
    );
    assert_eq!(
        reply(&verdict).body,
        b"Jwks doesn't have key to match kid or alg from Jwt"
    );
}

#[test]
fn a_missing_id_matches_every_id() {
    assert_eq!(code_with_kid(&[rsa().1], "a"), "jwt.valid");
    assert_eq!(
        code_with_kid(&[with(rsa().1, "kid", json!("a"))], ""),
        "jwt.valid"
    );
    assert_eq!(
        code_with_kid(&[with(rsa().1, "kid", json!(""))], "a"),
        "jwt.valid"
    );
    assert_eq!(
        code_with_kid(&[with(rsa().1, "kid", json!(7))], "a"),
        "jwt.valid"
    );
}

#[test]
fn keys_may_share_an_id() {
    let keys = [
        with(other_rsa(), "kid", json!("a")),
        with(rsa().1, "kid", json!("a")),
    ];
    assert_eq!(code_with_kid(&keys, "a"), "jwt.valid");
}

#[test]
fn a_key_for_another_algorithm_is_not_tried() {
    let (key, public) = rsa();
    let only = |alg: &str| with(public.clone(), "alg", json!(alg));
    assert_eq!(code(&[only("RS256")], &token(&key, RS256)), "jwt.valid");
    assert_eq!(
        code(&[only("RS384")], &token(&key, RS256)),
        "jwt.no_matching_key"
    );
    assert_eq!(
        code(&[only("RSXYZ")], &token(&key, RS256)),
        "jwt.no_matching_key"
    );
}

#[test]
fn use_and_key_operations_are_ignored() {
    let key = with(
        with(rsa().1, "use", json!("enc")),
        "key_ops",
        json!(["sign"]),
    );
    assert_eq!(code(&[key], &token(&rsa().0, RS256)), "jwt.valid");
}

#[test]
fn bad_keys_are_skipped_one_by_one() {
    let keys = [
        json!(null),
        json!({}),
        json!({"kty": "RSA"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
        rsa().1,
    ];
    assert_eq!(code(&keys, &token(&rsa().0, RS256)), "jwt.valid");
}

#[test]
fn rsa_keys_have_an_odd_modulus_of_512_to_4096_bits() {
    let modulus = |bytes: usize, last: u8| {
        let mut n = vec![0xff; bytes];
        n[bytes - 1] = last;
        is_usable(with(rsa().1, "n", json!(base64url(&n))))
    };
    assert!(modulus(64, 1));
    assert!(modulus(512, 1));
    assert!(!modulus(63, 1));
    assert!(!modulus(513, 1));
    assert!(!modulus(256, 2));
}

#[test]
fn rsa_keys_have_the_exponent_3_or_65537() {
    let exponent = |e: &[u8]| is_usable(with(rsa().1, "e", json!(base64url(e))));
    assert!(exponent(&[3]));
    assert!(exponent(&[0, 1, 0, 1]));
    for bad in [&[1][..], &[2], &[5], &[0], &[1, 0, 0, 0, 1]] {
        assert!(!exponent(bad), "{bad:?}");
    }
}

#[test]
fn the_algorithm_of_a_key_must_suit_its_type() {
    for (key, alg) in [
        (rsa().1, "ES256"),
        (p256().1, "RS256"),
        (p256().1, "ES384"),
        (p384().1, "ES256"),
        (ed25519().1, "ES256"),
        (secret_jwk(), "RS256"),
        (secret_jwk(), "HSXYZ"),
    ] {
        assert!(
            !is_usable(with(key.clone(), "alg", json!(alg))),
            "{key} {alg}"
        );
    }
}

#[test]
fn the_curve_defaults_to_that_of_the_algorithm() {
    let without_curve = |key: Value| {
        let mut key = key;
        key.as_object_mut().unwrap().remove("crv");
        key
    };
    assert!(is_usable(without_curve(p256().1)));
    assert!(!is_usable(without_curve(p384().1)));
    assert!(is_usable(with(
        without_curve(p384().1),
        "alg",
        json!("ES384")
    )));
}

#[test]
fn points_must_lie_on_their_curve() {
    let (_, public) = p256();
    let y = public["y"].clone();
    assert!(!is_usable(with(public, "x", y)));
    assert!(!is_usable(with(p256().1, "crv", json!("P-521"))));
    assert!(!is_usable(with(ed25519().1, "crv", json!("X25519"))));
    assert!(!is_usable(with(
        ed25519().1,
        "x",
        json!(base64url(&[1; 31]))
    )));
}

fn certificates(members: &[(&str, &str)]) -> Result<&'static str, String> {
    let jwks: serde_json::Map<String, Value> = members
        .iter()
        .map(|(id, certificate)| ((*id).to_owned(), json!(certificate)))
        .collect();
    let rule = JwtRule {
        jwks: Some(Value::Object(jwks).to_string()),
        ..rule_with_keys(&[])
    };
    let config = Config {
        jwt_rules: vec![rule],
        ..Config::default()
    };
    let authenticator = Authenticator::from_config(&config).map_err(|error| error.message)?;
    let header = json!({"alg": "RS256", "kid": "a"}).to_string();
    let head = bearer(&sign_with(&header, &payload(), &rsa().0, RS256));
    let verdict = decided(authenticator.authenticate(&head, at(NOW), &Inline));
    Ok(verdict.reason().code)
}

#[test]
fn a_set_may_be_one_of_certificates() {
    assert_eq!(certificates(&[("a", CERTIFICATE)]), Ok("jwt.valid"));
    assert_eq!(
        certificates(&[("b", CERTIFICATE)]),
        Ok("jwt.no_matching_key")
    );
    assert_eq!(
        certificates(&[("b", CERTIFICATE), ("a", CERTIFICATE)]),
        Ok("jwt.valid")
    );
}

#[test]
fn every_certificate_of_a_set_must_have_an_rsa_key() {
    let elliptic = include_str!("../keys/p256.crt.pem");
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for bad in [elliptic, junk] {
        assert_eq!(
            certificates(&[("a", CERTIFICATE), ("b", bad)]),
            Err("the key set has a certificate without a usable RSA key".to_owned())
        );
    }
}

#[test]
fn a_set_of_anything_else_is_none() {
    let without_end = CERTIFICATE.trim_end();
    for members in [
        &[("", CERTIFICATE)][..],
        &[("a", without_end)],
        &[("a", CERTIFICATE), ("b", "text")],
        &[],
    ] {
        assert_eq!(
            certificates(members),
            Err("the key set has no list `keys` (RFC 7517 section 5)".to_owned())
        );
    }
}

#[test]
fn members_of_the_wrong_type_spoil_a_key_only_where_they_matter() {
    assert!(!is_usable(with(p256().1, "crv", json!(256))));
    assert!(is_usable(with(p256().1, "alg", json!(""))));
    assert!(is_usable(with(rsa().1, "alg", json!(7))));
    assert!(!is_usable(with(rsa().1, "n", json!(7))));
}

#[test]
fn an_empty_secret_is_no_key() {
    assert!(!is_usable(json!({"kty": "oct", "k": ""})));
    assert!(!is_usable(json!({"kty": "oct"})));
}

#[test]
fn large_keys_use_up_the_budget_of_a_request_sooner() {
    let key = |bytes: usize| {
        let mut n = vec![0xff; bytes];
        n[bytes - 1] = 1;
        with(rsa().1, "n", json!(base64url(&n)))
    };
    let forged = |bytes: usize| {
        let input = [r#"{"alg":"RS256"}"#, &payload()].map(|text| base64url(text.as_bytes()));
        format!("{}.{}", input.join("."), base64url(&vec![1; bytes]))
    };
    let with_keys = |count: usize, bytes: usize| code(&vec![key(bytes); count], &forged(bytes));
    assert_eq!(with_keys(32, 256), "jwt.bad_signature");
    assert_eq!(with_keys(33, 256), "jwt.too_much_work");
    assert_eq!(with_keys(8, 512), "jwt.bad_signature");
    assert_eq!(with_keys(9, 512), "jwt.too_much_work");
}

#[test]
fn keys_that_cannot_have_made_the_signature_cost_nothing() {
    let mut keys = vec![p384().1; 100];
    keys.push(rsa().1);
    assert_eq!(code(&keys, &token(&rsa().0, RS256)), "jwt.valid");
}
