//! What a proxy's own cryptography gets to check a signature with.

use std::cell::RefCell;

use jsonwebtoken::Algorithm::{ES256, ES384, EdDSA, RS384};
use policy_jwt::{Hash, Inline, Keys, Need, Scheme, SignatureCheck, World};

use crate::signers::{ed25519, p256, p384, payload, rsa, token};
use crate::support::{
    NOW, at, authenticator, bearer, decided, rule_with_keys, secret_jwk, sign_text,
};

/// What was to be checked.
#[derive(Debug, PartialEq)]
struct Seen {
    scheme: Scheme,
    public_key: Option<Vec<u8>>,
    text: Vec<u8>,
    signature: Vec<u8>,
    x509_signature: Vec<u8>,
}

#[derive(Default)]
struct Recorder(RefCell<Vec<Seen>>);

impl World for Recorder {
    fn keys(&self, need: Need) -> Keys {
        Inline.keys(need)
    }

    fn verify(&self, check: &SignatureCheck<'_>) -> bool {
        self.0.borrow_mut().push(Seen {
            scheme: check.scheme(),
            public_key: check.public_key().map(<[u8]>::to_vec),
            text: check.text().to_vec(),
            signature: check.signature().to_vec(),
            x509_signature: check.x509_signature().into_owned(),
        });
        check.verify()
    }
}

fn seen(key: serde_json::Value, token: &str) -> Seen {
    let recorder = Recorder::default();
    let rules = [rule_with_keys(&[key])];
    let verdict = decided(authenticator(&rules).authenticate(&bearer(token), at(NOW), &recorder));
    assert_eq!(verdict.reason().code, "jwt.valid");
    recorder.0.take().remove(0)
}

#[test]
fn public_keys_come_as_subject_public_key_info() {
    let cases = [
        (
            rsa(),
            RS384,
            Scheme::RsaPkcs1(Hash::Sha384),
            &include_bytes!("../keys/rsa.spki.der")[..],
        ),
        (
            p256(),
            ES256,
            Scheme::Ecdsa(Hash::Sha256),
            include_bytes!("../keys/p256.spki.der"),
        ),
        (
            p384(),
            ES384,
            Scheme::Ecdsa(Hash::Sha384),
            include_bytes!("../keys/p384.spki.der"),
        ),
        (
            ed25519(),
            EdDSA,
            Scheme::EdDsa,
            include_bytes!("../keys/ed25519.spki.der"),
        ),
    ];
    for ((key, public), algorithm, scheme, public_key) in cases {
        let token = token(&key, algorithm);
        let seen = seen(public, &token);
        assert_eq!(seen.scheme, scheme);
        assert_eq!(
            seen.public_key.as_deref(),
            Some(public_key),
            "{algorithm:?}"
        );
        assert_eq!(seen.text, token.rsplit_once('.').unwrap().0.as_bytes());
    }
}

#[test]
fn a_secret_has_no_public_key() {
    let seen = seen(secret_jwk(), &sign_text(r#"{"alg":"HS256"}"#, &payload()));
    assert_eq!(
        (seen.scheme, seen.public_key),
        (Scheme::Hmac(Hash::Sha256), None)
    );
    assert_eq!(seen.x509_signature, seen.signature);
}

#[test]
fn ecdsa_signatures_are_had_in_der_too() {
    let (key, public) = p256();
    // Made anew each time: some halves have their first bit set, which DER puts a zero before, some have zeros in front.
    for _ in 0..64 {
        let seen = seen(public.clone(), &token(&key, ES256));
        let expected = p256::ecdsa::Signature::from_slice(&seen.signature).unwrap();
        assert_eq!(seen.x509_signature, expected.to_der().as_bytes());
    }
}
