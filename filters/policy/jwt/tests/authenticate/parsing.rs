//! How a token is read, and the exact words for what is wrong with it (rules J21-J26, J43).

use serde_json::{Value, json};

use crate::support::{ISSUER, base64url, body, code, sign_text, signed};

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn payload(claim: &str, value: Value) -> String {
    body(&signed(json!({claim: value})))
}

fn header(header: &str) -> String {
    body(&sign_text(header, &json!({"iss": ISSUER}).to_string()))
}

fn good() -> String {
    signed(json!({}))
}

#[test]
fn a_token_has_three_parts() {
    let expected =
        "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections";
    for token in ["a", "a.b", "a.b.", "a.b.c.d", "..."] {
        assert_eq!(body(token), expected, "{token}");
    }
}

#[test]
fn empty_parts_do_not_count() {
    for token in [
        format!(".{}", good()),
        format!("{}.", good()),
        good().replace('.', ".."),
    ] {
        assert_eq!(code(&token), "jwt.valid", "{token}");
    }
}

#[test]
fn padding_and_trailing_bits_are_accepted() {
    let token = good();
    assert_eq!(code(&format!("{token}=")), "jwt.valid");
    assert_eq!(code(&format!("{token}==")), "jwt.bad_signature_base64");
}

#[test]
fn the_header_must_be_base64url() {
    assert_eq!(body("a+.b.c"), "Jwt header is an invalid Base64url encoded");
}

#[test]
fn the_header_must_be_a_json_object() {
    for text in [
        "x",
        "[]",
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256"}//"#,
    ] {
        assert_eq!(header(text), "Jwt header is an invalid JSON", "{text}");
    }
}

#[test]
fn the_algorithm_must_be_a_string() {
    for text in ["{}", r#"{"alg":1}"#, r#"{"alg":null}"#] {
        assert_eq!(
            header(text),
            "Jwt header [alg] field is required and must be a string",
            "{text}"
        );
    }
}

#[test]
fn unknown_algorithms_are_refused() {
    for alg in [
        "none", "None", "", "hs256", "ES256K", "Ed25519", "RS1", "HS256 ",
    ] {
        assert_eq!(
            header(&json!({"alg": alg}).to_string()),
            "Jwt header [alg] is not supported",
            "{alg}"
        );
    }
}

#[test]
fn the_key_id_must_be_a_string() {
    for text in [
        r#"{"alg":"HS256","kid":null}"#,
        r#"{"alg":"HS256","kid":1}"#,
    ] {
        assert_eq!(
            header(text),
            "Jwt header [kid] field is not a string",
            "{text}"
        );
    }
}

#[test]
fn the_rest_of_the_header_is_ignored() {
    let header = r#"{"alg":"HS256","kid":"","typ":1,"crit":["x"],"b64":false,"jwk":{},"jku":"http://evil","zip":"DEF"}"#;
    assert_eq!(
        code(&sign_text(header, &json!({"iss": ISSUER}).to_string())),
        "jwt.valid"
    );
}

#[test]
fn the_payload_must_be_base64url() {
    let token = format!("{}.a+.c", base64url(HEADER.as_bytes()));
    assert_eq!(body(&token), "Jwt payload is an invalid Base64url encoded");
}

#[test]
fn the_payload_must_be_a_json_object() {
    for text in [
        "x",
        "[]",
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":1e999}"#,
        "{a-b:1}",
    ] {
        assert_eq!(
            body(&sign_text(HEADER, text)),
            "Jwt payload is an invalid JSON",
            "{text}"
        );
    }
}

#[test]
fn a_payload_may_be_a_hundred_levels_deep() {
    let nested = |levels: usize| {
        format!(
            r#"{{"iss":"{ISSUER}","a":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(code(&sign_text(HEADER, &nested(99))), "jwt.valid");
    assert_eq!(
        code(&sign_text(HEADER, &nested(100))),
        "jwt.bad_payload_json"
    );
}

#[test]
fn the_issuer_must_be_a_string() {
    assert_eq!(
        payload("iss", json!(null)),
        "Jwt payload [iss] field is not a string"
    );
}

#[test]
fn the_subject_must_be_a_string() {
    assert_eq!(
        payload("sub", json!(1)),
        "Jwt payload [sub] field is not a string"
    );
}

#[test]
fn the_token_id_must_be_a_string() {
    assert_eq!(
        payload("jti", json!([])),
        "Jwt payload [jti] field is not a string"
    );
}

#[test]
fn the_audience_must_be_a_string_or_strings() {
    for value in [json!(1), json!(null), json!(["a", 1]), json!({})] {
        let expected = "Jwt payload [aud] field is not a string or string list";
        assert_eq!(payload("aud", value.clone()), expected, "{value}");
    }
}

#[test]
fn times_must_be_numbers() {
    for claim in ["iat", "nbf", "exp"] {
        for value in [json!(null), json!("1"), json!(true)] {
            assert_eq!(
                payload(claim, value),
                format!("Jwt payload [{claim}] field is not an integer")
            );
        }
    }
}

#[test]
fn times_must_fit_64_bits() {
    for claim in ["iat", "nbf", "exp"] {
        for value in [json!(-1), json!(-0.5), json!(u64::MAX), json!(1e300)] {
            let expected = format!("Jwt payload [{claim}] field is not a positive 64 bit integer");
            assert_eq!(payload(claim, value), expected);
        }
    }
}

#[test]
fn faults_are_reported_in_envoys_order() {
    assert_eq!(
        payload("exp", json!("1")),
        "Jwt payload [exp] field is not an integer"
    );
    let both = |claims: Value| body(&signed(claims));
    assert_eq!(
        both(json!({"exp": "1", "iat": -1})),
        "Jwt payload [iat] field is not a positive 64 bit integer"
    );
    assert_eq!(
        both(json!({"jti": 1, "aud": 1})),
        "Jwt payload [jti] field is not a string"
    );
    assert_eq!(
        both(json!({"iss": 1, "sub": 1})),
        "Jwt payload [iss] field is not a string"
    );
}

#[test]
fn the_signature_must_be_base64url() {
    assert_eq!(
        body(&format!("{}+", good())),
        "Jwt signature is an invalid Base64url encoded"
    );
}

#[test]
fn the_claims_are_read_before_the_signature() {
    let (message, _) = good()
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert_eq!(code(&format!("{message}.+")), "jwt.bad_signature_base64");
    let bad_payload = format!(
        "{}.{}.+",
        base64url(HEADER.as_bytes()),
        base64url(br#"{"iss":1}"#)
    );
    assert_eq!(code(&bad_payload), "jwt.bad_iss");
}
