//! Which signatures verify with which keys (rules J35, J37).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm::{
    ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
};
use jsonwebtoken::EncodingKey;
use serde_json::json;

use crate::signers::{code, ed25519, p256, p384, payload, rsa, token};
use crate::support::{
    base64url, bearer, judge, reply, rule_with_keys, secret_jwk, sign_text, sign_with,
};

/// The order of P-256's group, for the other valid `s` of a signature.
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// The token with `change` applied to the bytes of its signature.
fn resigned(token: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    format!(
        "{message}.{}",
        base64url(&change(URL_SAFE_NO_PAD.decode(signature).unwrap()))
    )
}

fn high_s(signature: &[u8]) -> Vec<u8> {
    let order: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&P256_ORDER[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let mut borrow = 0;
    let mut negated = signature.to_vec();
    for i in (0..32).rev() {
        let difference = i16::from(order[i]) - i16::from(signature[32 + i]) - borrow;
        borrow = i16::from(difference < 0);
        negated[32 + i] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    negated
}

#[test]
fn every_rsa_algorithm_verifies() {
    let (key, public) = rsa();
    for algorithm in [RS256, RS384, RS512, PS256, PS384, PS512] {
        assert_eq!(
            code(std::slice::from_ref(&public), &token(&key, algorithm)),
            "jwt.valid",
            "{algorithm:?}"
        );
    }
}

#[test]
fn every_elliptic_curve_algorithm_verifies() {
    for (algorithm, (key, public)) in [(ES256, p256()), (ES384, p384()), (EdDSA, ed25519())] {
        assert_eq!(
            code(&[public], &token(&key, algorithm)),
            "jwt.valid",
            "{algorithm:?}"
        );
    }
}

#[test]
fn every_hmac_algorithm_verifies() {
    let secret = EncodingKey::from_secret(b"key");
    let public = json!({"kty": "oct", "k": base64url(b"key")});
    for algorithm in [HS256, HS384, HS512] {
        assert_eq!(
            code(std::slice::from_ref(&public), &token(&secret, algorithm)),
            "jwt.valid",
            "{algorithm:?}"
        );
    }
}

#[test]
fn an_rsa_public_key_is_no_hmac_secret() {
    let (_, public) = rsa();
    let modulus = URL_SAFE_NO_PAD
        .decode(public["n"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        code(
            &[public],
            &token(&EncodingKey::from_secret(&modulus), HS256)
        ),
        "jwt.bad_signature"
    );
}

#[test]
fn an_rsa_key_verifies_only_algorithms_of_its_family() {
    let (key, public) = rsa();
    for name in ["ES256", "HS256", "EdDSA"] {
        let mislabelled = sign_with(&json!({"alg": name}).to_string(), &payload(), &key, RS256);
        assert_eq!(
            code(std::slice::from_ref(&public), &mislabelled),
            "jwt.bad_signature",
            "{name}"
        );
    }
}

#[test]
fn a_key_for_one_algorithm_verifies_no_other_whatever_its_type() {
    let (key, mut public) = p256();
    public["alg"] = json!("ES256");
    let mislabelled = sign_with(r#"{"alg":"HS256"}"#, &payload(), &key, ES256);
    assert_eq!(code(&[public], &mislabelled), "jwt.no_matching_key");
}

#[test]
fn a_curve_does_not_verify_the_algorithm_of_another() {
    assert_eq!(
        code(&[p384().1], &token(&p256().0, ES256)),
        "jwt.bad_signature"
    );
}

#[test]
fn the_hash_belongs_to_the_algorithm() {
    let mislabelled = sign_with(r#"{"alg":"RS512"}"#, &payload(), &rsa().0, RS256);
    assert_eq!(code(&[rsa().1], &mislabelled), "jwt.bad_signature");
    let mislabelled = sign_with(r#"{"alg":"PS256"}"#, &payload(), &rsa().0, RS256);
    assert_eq!(code(&[rsa().1], &mislabelled), "jwt.bad_signature");
}

#[test]
fn ecdsa_signatures_may_be_padded_as_envoy_allows() {
    let (key, public) = p256();
    let good = token(&key, ES256);
    let pad = |zeros: usize| {
        resigned(&good, |sig| {
            [&vec![0; zeros][..], &sig[..32], &vec![0; zeros], &sig[32..]].concat()
        })
    };
    assert_eq!(code(std::slice::from_ref(&public), &pad(1)), "jwt.valid");
    assert_eq!(code(std::slice::from_ref(&public), &pad(40)), "jwt.valid");
    let odd = resigned(&good, |sig| [&sig[..], &[7]].concat());
    assert_eq!(code(&[public], &odd), "jwt.valid");
}

#[test]
fn both_values_of_s_verify() {
    let (key, public) = p256();
    assert_eq!(
        code(
            &[public],
            &resigned(&token(&key, ES256), |sig| high_s(&sig))
        ),
        "jwt.valid"
    );
}

#[test]
fn degenerate_ecdsa_signatures_are_refused() {
    let (key, public) = p256();
    let good = token(&key, ES256);
    let changes: [fn(Vec<u8>) -> Vec<u8>; 5] = [
        |_| vec![0; 64],
        |_| vec![0xff; 64],
        |_| vec![1],
        |sig| sig[..62].to_vec(),
        |sig| {
            [
                &[0x30, 0x44, 0x02, 0x20],
                &sig[..32],
                &[0x02, 0x20],
                &sig[32..],
            ]
            .concat()
        },
    ];
    for change in changes {
        assert_eq!(
            code(std::slice::from_ref(&public), &resigned(&good, change)),
            "jwt.bad_signature"
        );
    }
}

#[test]
fn an_ed25519_signature_of_wrong_length_is_refused_at_once() {
    let (key, public) = ed25519();
    let short = resigned(&token(&key, EdDSA), |sig| sig[..63].to_vec());
    let verdict = judge(
        &[rule_with_keys(&[public.clone(), public])],
        &bearer(&short),
    );
    assert_eq!(
        reply(&verdict).body,
        b"Jwt ED25519 signature is wrong length"
    );
}

#[test]
fn rsa_and_hmac_signatures_must_have_their_exact_length() {
    let (key, public) = rsa();
    for algorithm in [RS256, PS256] {
        let good = token(&key, algorithm);
        let longer = resigned(&good, |sig| [&[0], &sig[..]].concat());
        let shorter = resigned(&good, |sig| sig[1..].to_vec());
        assert_eq!(
            code(std::slice::from_ref(&public), &longer),
            "jwt.bad_signature"
        );
        assert_eq!(
            code(std::slice::from_ref(&public), &shorter),
            "jwt.bad_signature"
        );
    }
    let short = resigned(&sign_text(r#"{"alg":"HS256"}"#, &payload()), |sig| {
        sig[..31].to_vec()
    });
    assert_eq!(code(&[secret_jwk()], &short), "jwt.bad_signature");
}

#[test]
fn an_rsa_signature_of_the_modulus_or_more_is_refused() {
    let (key, public) = rsa();
    for algorithm in [RS256, PS256] {
        let beyond = resigned(&token(&key, algorithm), |sig| vec![0xff; sig.len()]);
        assert_eq!(
            code(std::slice::from_ref(&public), &beyond),
            "jwt.bad_signature"
        );
    }
}
