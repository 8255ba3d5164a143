//! Where Envoy is laxer than the standards (table J-X): each line in both ways.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm::{ES256, EdDSA, HS256, RS256};
use jsonwebtoken::{Algorithm, EncodingKey};
use meshwright_core::RequestHead;
use policy_jwt::{Authenticator, Compat, Config, JwtHeader, JwtRule, KeySet};
use serde_json::{Value, json};

use crate::signers::{ed25519, other_rsa, p256, p384, rsa};
use crate::support::{
    ISSUER, NOW, authenticator_in, base64url, bearer, codes, request, rule, rule_with_keys,
    secret_jwk, sign_text, sign_with,
};

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn payload() -> String {
    json!({"iss": ISSUER, "exp": NOW}).to_string()
}

fn good() -> String {
    sign_text(HEADER, &payload())
}

/// A token that says `name` and is signed as `algorithm`.
fn labelled(name: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let header = json!({"alg": name}).to_string();
    sign_with(&header, &payload(), key, algorithm)
}

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

/// The codes for a bearer token under [`rule`].
fn of(token: &str) -> [&'static str; 2] {
    codes(&[rule()], &bearer(token))
}

fn of_keys(keys: &[Value], token: &str) -> [&'static str; 2] {
    codes(&[rule_with_keys(keys)], &bearer(token))
}

/// Whether such a key set can be used in Envoy's way and in the strict one.
fn usable(keys: &[Value]) -> [bool; 2] {
    let jwks = json!({"keys": keys}).to_string();
    [Compat::Envoy, Compat::Strict].map(|compat| KeySet::parse(jwks.as_bytes(), compat).is_ok())
}

#[test]
fn a_good_token_is_good_in_both() {
    assert_eq!(of(&good()), ["jwt.valid"; 2]);
    for (algorithm, (key, public)) in [(RS256, rsa()), (ES256, p256()), (EdDSA, ed25519())] {
        let name = serde_json::to_value(algorithm).unwrap();
        let token = labelled(name.as_str().unwrap(), &key, algorithm);
        assert_eq!(of_keys(&[public], &token), ["jwt.valid"; 2]);
    }
}

#[test]
fn x1_empty_parts() {
    for token in [
        format!(".{}", good()),
        format!("{}.", good()),
        good().replace('.', ".."),
    ] {
        assert_eq!(of(&token), ["jwt.valid", "jwt.bad_format"], "{token}");
    }
    assert_eq!(of("a.b."), ["jwt.bad_format"; 2]);
}

#[test]
fn x2_base64_that_is_not_canonical() {
    let good = good();
    let parts: Vec<&str> = good.split('.').collect();
    let padded_header = URL_SAFE.encode(r#"{"alg":"HS256" }"#);
    let padded = sign_parts(&padded_header, parts[1]);
    assert!(padded.contains('='));
    assert_eq!(of(&padded), ["jwt.valid", "jwt.bad_header_base64"]);
    let spaced = sign_parts(parts[0], &format!("{} ", parts[1]));
    assert_eq!(of(&spaced), ["jwt.valid", "jwt.bad_payload_base64"]);
    for end in ["=", " "] {
        let token = format!("{good}{end}");
        let head = request(&[("cookie", &format!("t={token}"))]);
        let rule = JwtRule {
            from_cookies: vec!["t".to_owned()],
            ..rule()
        };
        assert_eq!(
            codes(&[rule], &head),
            ["jwt.valid", "jwt.bad_signature_base64"],
            "{token}"
        );
    }
    assert_eq!(
        of(&with_trailing_bits(&good)),
        ["jwt.valid", "jwt.bad_signature_base64"]
    );
}

/// A token whose signing input is these two texts.
fn sign_parts(header: &str, payload: &str) -> String {
    let secret = URL_SAFE_NO_PAD
        .decode(secret_jwk()["k"].as_str().unwrap())
        .unwrap();
    let input = format!("{header}.{payload}");
    let key = EncodingKey::from_secret(&secret);
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, HS256).unwrap();
    format!("{input}.{signature}")
}

/// The same signature, a bit set after its end: 32 bytes leave two of them over.
fn with_trailing_bits(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = token.split_at(token.len() - 1);
    let next = ALPHABET.find(last).unwrap() + 1;
    format!("{start}{}", &ALPHABET[next..=next])
}

#[test]
fn x3_extensions_that_must_be_understood() {
    for member in [r#""crit":["x"],"x":1"#, r#""crit":[]"#, r#""b64":false"#] {
        let token = sign_text(&format!(r#"{{"alg":"HS256",{member}}}"#), &payload());
        assert_eq!(
            of(&token),
            ["jwt.valid", "jwt.unknown_extension"],
            "{member}"
        );
    }
    let token = sign_text(r#"{"alg":"HS256","b64":true}"#, &payload());
    assert_eq!(of(&token), ["jwt.valid"; 2]);
}

#[test]
fn x4_algorithms_that_are_not_the_keys() {
    let (ec, ed) = (p256(), ed25519());
    let secret = EncodingKey::from_secret(b"a secret of thirty-two bytes, ok");
    for name in ["RS256", "HS256", "EdDSA", "PS512"] {
        let token = labelled(name, &ec.0, ES256);
        assert_eq!(
            of_keys(std::slice::from_ref(&ec.1), &token),
            ["jwt.valid", "jwt.bad_signature"],
            "{name}"
        );
    }
    for name in ["RS256", "ES384", "EdDSA"] {
        let token = labelled(name, &secret, HS256);
        assert_eq!(of(&token), ["jwt.valid", "jwt.bad_signature"], "{name}");
    }
    for name in ["RS256", "HS512", "ES256"] {
        let token = labelled(name, &ed.0, EdDSA);
        assert_eq!(
            of_keys(std::slice::from_ref(&ed.1), &token),
            ["jwt.valid", "jwt.bad_signature"],
            "{name}"
        );
    }
}

/// To Envoy a signature that an Ed25519 key cannot have made ends the search (rule J37), whatever the token says it is.
#[test]
fn x4_an_ed25519_key_hides_the_keys_after_it() {
    let (key, public) = rsa();
    let token = labelled("RS256", &key, RS256);
    let keys = [ed25519().1, public.clone()];
    assert_eq!(
        of_keys(&keys, &token),
        ["jwt.bad_ed25519_length", "jwt.valid"]
    );
    let keys = [with(ed25519().1, "alg", json!("EdDSA")), public];
    assert_eq!(of_keys(&keys, &token), ["jwt.valid"; 2]);
}

#[test]
fn x4_never_lets_a_public_key_be_a_secret() {
    let (_, public) = rsa();
    for secret in [
        public["n"].as_str().unwrap().as_bytes(),
        include_bytes!("../keys/rsa.spki.der"),
    ] {
        let token = labelled("HS256", &EncodingKey::from_secret(secret), HS256);
        assert_eq!(
            of_keys(std::slice::from_ref(&public), &token),
            ["jwt.bad_signature"; 2]
        );
    }
}

#[test]
fn x5_ecdsa_signatures_of_another_length() {
    let (key, public) = p256();
    let good = labelled("ES256", &key, ES256);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    for changed in [[r, s, &[0]].concat(), [&[0][..], r, &[0], s].concat()] {
        let token = format!("{message}.{}", base64url(&changed));
        assert_eq!(
            of_keys(std::slice::from_ref(&public), &token),
            ["jwt.valid", "jwt.bad_signature"]
        );
    }
}

#[test]
fn x6_keys_that_are_not_for_signatures() {
    let (_, public) = rsa();
    for (member, value) in [
        ("use", json!("enc")),
        ("use", json!(1)),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!("verify")),
        ("kid", json!(1)),
    ] {
        let key = with(public.clone(), member, value.clone());
        assert_eq!(usable(&[key]), [true, false], "{member} {value}");
    }
    let key = with(
        with(public, "use", json!("sig")),
        "key_ops",
        json!(["verify"]),
    );
    assert_eq!(usable(&[key]), [true; 2]);
}

#[test]
fn x7_keys_that_are_too_short() {
    let modulus = |bits: usize| {
        let mut n = vec![0xff; bits / 8];
        n[bits / 8 - 1] = 1;
        with(rsa().1, "n", json!(base64url(&n)))
    };
    assert_eq!(usable(&[modulus(1024)]), [true, false]);
    assert_eq!(usable(&[modulus(2040)]), [true, false]);
    assert_eq!(usable(&[modulus(2048)]), [true; 2]);
    let secret = |bytes: usize| json!({"kty": "oct", "k": base64url(&vec![7; bytes])});
    assert_eq!(usable(&[secret(31)]), [true, false]);
    assert_eq!(usable(&[secret(32)]), [true; 2]);
    let token = labelled(
        "HS512",
        &EncodingKey::from_secret(&[7; 63]),
        Algorithm::HS512,
    );
    assert_eq!(
        of_keys(&[secret(63)], &token),
        ["jwt.valid", "jwt.bad_signature"]
    );
    let token = labelled(
        "HS512",
        &EncodingKey::from_secret(&[7; 64]),
        Algorithm::HS512,
    );
    assert_eq!(of_keys(&[secret(64)], &token), ["jwt.valid"; 2]);
}

#[test]
fn x8_exp_of_nothing() {
    for exp in ["0", "0.4", "-0.0"] {
        let token = sign_text(HEADER, &format!(r#"{{"iss":"{ISSUER}","exp":{exp}}}"#));
        assert_eq!(of(&token), ["jwt.valid", "jwt.expired"], "{exp}");
    }
}

#[test]
fn x9_json_that_is_none() {
    let header = |text: &str| of(&sign_text(text, &payload()));
    for text in [
        "{'alg':'HS256'}",
        "{alg:\"HS256\"}",
        r#"{"alg":"HS256",}"#,
        "{\"alg\":\"HS256\",\"x\":\"\n\"}",
    ] {
        assert_eq!(header(text), ["jwt.valid", "jwt.bad_header_json"], "{text}");
    }
    let claims = format!("{{iss:'{ISSUER}',exp:{NOW},}}");
    assert_eq!(
        of(&sign_text(HEADER, &claims)),
        ["jwt.valid", "jwt.bad_payload_json"]
    );
    let jwks = format!("{{keys:[{},],}}", secret_jwk());
    let parsed = [Compat::Envoy, Compat::Strict]
        .map(|compat| KeySet::parse(jwks.as_bytes(), compat).is_ok());
    assert_eq!(parsed, [true, false]);
}

#[test]
fn x10_key_sets_that_are_ambiguous() {
    let named = |key: Value| with(key, "kid", json!("a"));
    assert_eq!(usable(&[named(rsa().1), named(other_rsa())]), [true, false]);
    assert_eq!(usable(&[rsa().1, secret_jwk()]), [true, false]);
    assert_eq!(usable(&[rsa().1, p256().1, other_rsa()]), [true; 2]);
    assert_eq!(
        usable(&[named(rsa().1), with(p256().1, "kid", json!("b"))]),
        [true; 2]
    );
}

#[test]
fn x11_no_exp() {
    let token = sign_text(HEADER, &json!({"iss": ISSUER}).to_string());
    assert_eq!(of(&token), ["jwt.valid", "jwt.no_exp"]);
}

fn authorization(value: &str) -> RequestHead {
    request(&[("authorization", value)])
}

#[test]
fn x12_a_prefix_in_the_middle() {
    let good = good();
    for (value, expected) in [
        (
            format!("Basic Bearer {good}"),
            ["jwt.valid", "jwt.missing_allowed"],
        ),
        (
            format!("xBearer {good}"),
            ["jwt.valid", "jwt.missing_allowed"],
        ),
        (
            format!("bearer {good}"),
            ["jwt.missing_allowed", "jwt.valid"],
        ),
        (
            format!("BEARER   {good}"),
            ["jwt.missing_allowed", "jwt.valid"],
        ),
        (
            format!("Bearer !{good}"),
            ["jwt.valid", "jwt.bad_header_base64"],
        ),
        ("Bearer junk".to_owned(), ["jwt.bad_format"; 2]),
        (
            "bearer junk".to_owned(),
            ["jwt.missing_allowed", "jwt.bad_format"],
        ),
    ] {
        assert_eq!(
            codes(&[rule()], &authorization(&value)),
            expected,
            "{value}"
        );
    }
}

#[test]
fn strictly_coordinates_are_as_wide_as_their_curve() {
    let padded = |coordinate: &Value| {
        let bytes = URL_SAFE_NO_PAD
            .decode(coordinate.as_str().unwrap())
            .unwrap();
        json!(base64url(&[&[0][..], &bytes].concat()))
    };
    for (_, public) in [p256(), p384()] {
        assert_eq!(usable(std::slice::from_ref(&public)), [true; 2]);
        let x = padded(&public["x"]);
        assert_eq!(usable(&[with(public, "x", x)]), [true, false]);
    }
}

#[test]
fn strictly_certificates_are_no_key_set() {
    let jwks = json!({"a": include_str!("../keys/rsa.crt.pem")}).to_string();
    let parsed = [Compat::Envoy, Compat::Strict]
        .map(|compat| KeySet::parse(jwks.as_bytes(), compat).is_ok());
    assert_eq!(parsed, [true, false]);
}

#[test]
fn strictly_every_token_of_a_request_must_be_good() {
    let at = |issuer: &str, name: &str| JwtRule {
        issuer: issuer.to_owned(),
        from_headers: vec![JwtHeader {
            name: name.to_owned(),
            prefix: String::new(),
        }],
        ..rule()
    };
    let rules = [at("one", "a"), at("two", "b")];
    let token = |issuer: &str| sign_text(HEADER, &json!({"iss": issuer, "exp": NOW}).to_string());
    let [one, two] = ["one", "two"].map(token);
    let both = |a: &str, b: &str| codes(&rules, &request(&[("a", a), ("b", b)]));
    assert_eq!(both(&one, &two), ["jwt.valid"; 2]);
    assert_eq!(both(&one, "junk"), ["jwt.valid", "jwt.bad_format"]);
    assert_eq!(both("junk", &two), ["jwt.valid", "jwt.bad_format"]);
    assert_eq!(both(&one, &one), ["jwt.valid"; 2]);
    assert_eq!(
        both(&one, &token("three")),
        ["jwt.valid", "jwt.unknown_issuer"]
    );
    let shared = ["one", "two"].map(|issuer| JwtRule {
        issuer: issuer.to_owned(),
        ..rule()
    });
    assert_eq!(codes(&shared, &bearer(&two)), ["jwt.valid"; 2]);
}

#[test]
fn the_way_is_named_in_the_configuration() {
    let compat = |text: &str| {
        Authenticator::from_json(text.as_bytes()).map(|authenticator| authenticator.compat())
    };
    assert_eq!(compat(r#"{"jwtRules":[]}"#), Ok(Compat::Envoy));
    assert_eq!(
        compat(r#"{"jwtRules":[],"compat":"strict"}"#),
        Ok(Compat::Strict)
    );
    assert!(compat(r#"{"jwtRules":[],"compat":"lax"}"#).is_err());
    assert_eq!(
        authenticator_in(Compat::Strict, &[]).compat(),
        Compat::Strict
    );
    assert_eq!(Config::default().compat, Compat::Envoy);
}
