//! What Istio does not have: required claims and types, the age of a token, leeway, report only.

use policy_jwt::{Authenticator, Config, Inline, JwtRule, Outcome};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{
    ISSUER, NOW, at, base64url, bearer, edits, judge, remove, reply, request, rule, sign_text,
    signed,
};

fn code(rule: &JwtRule, token: &str) -> &'static str {
    judge(std::slice::from_ref(rule), &bearer(token))
        .reason()
        .code
}

#[test]
fn required_claims_must_be_there_and_not_null() {
    let rule = JwtRule {
        required_claims: vec!["sub".to_owned(), "realm.role".to_owned()],
        ..rule()
    };
    let with = |claims: Value| code(&rule, &signed(claims));
    assert_eq!(
        with(json!({"sub": "", "realm": {"role": false}})),
        "jwt.valid"
    );
    for claims in [
        json!({}),
        json!({"sub": "s"}),
        json!({"sub": "s", "realm": {"role": null}}),
        json!({"sub": "s", "realm.role": "r"}),
        json!({"realm": {"role": "r"}}),
    ] {
        assert_eq!(with(claims.clone()), "jwt.missing_claim", "{claims}");
    }
}

#[test]
fn a_required_type_is_that_of_the_header() {
    let rule = JwtRule {
        required_type: Some("at+jwt".to_owned()),
        ..rule()
    };
    let payload = json!({"iss": ISSUER}).to_string();
    let with = |kind: Value| {
        let header = json!({"alg": "HS256", "typ": kind}).to_string();
        code(&rule, &sign_text(&header, &payload))
    };
    for kind in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(with(json!(kind)), "jwt.valid", "{kind}");
    }
    for kind in [
        json!("JWT"),
        json!("text/at+jwt"),
        json!(""),
        json!(1),
        json!(null),
    ] {
        assert_eq!(with(kind.clone()), "jwt.bad_typ", "{kind}");
    }
    assert_eq!(code(&rule, &signed(json!({}))), "jwt.bad_typ");
}

#[test]
fn a_token_may_not_be_older_than_its_age() {
    let rule = JwtRule {
        max_token_age: Some(Duration::from_secs(100)),
        ..rule()
    };
    let issued = |iat: Value| code(&rule, &signed(json!({"iat": iat})));
    assert_eq!(issued(json!(NOW - 160)), "jwt.valid");
    assert_eq!(issued(json!(NOW - 161)), "jwt.too_old");
    assert_eq!(issued(json!(0)), "jwt.too_old");
    assert_eq!(issued(json!(NOW + 60)), "jwt.valid");
    assert_eq!(issued(json!(NOW + 61)), "jwt.not_yet_valid");
    assert_eq!(code(&rule, &signed(json!({}))), "jwt.too_old");
}

#[test]
fn leeway_says_how_far_clocks_may_differ() {
    let rule = JwtRule {
        leeway: Some(Duration::from_secs(5)),
        max_token_age: Some(Duration::from_secs(100)),
        ..rule()
    };
    let with = |exp: u64, nbf: u64, iat: u64| {
        code(&rule, &signed(json!({"exp": exp, "nbf": nbf, "iat": iat})))
    };
    assert_eq!(with(NOW - 5, NOW + 5, NOW - 105), "jwt.valid");
    assert_eq!(with(NOW - 6, NOW + 5, NOW - 105), "jwt.expired");
    assert_eq!(with(NOW - 5, NOW + 6, NOW - 105), "jwt.not_yet_valid");
    assert_eq!(with(NOW - 5, NOW + 5, NOW - 106), "jwt.too_old");
}

#[test]
fn additions_are_looked_at_after_the_audience_and_before_the_signature() {
    let rule = JwtRule {
        audiences: vec!["a".to_owned()],
        required_claims: vec!["sub".to_owned()],
        ..rule()
    };
    let forged = |claims: Value| {
        let token = signed(claims);
        let (message, _) = token.rsplit_once('.').unwrap();
        format!("{message}.{}", base64url(b"signature"))
    };
    assert_eq!(code(&rule, &forged(json!({}))), "jwt.bad_audience");
    assert_eq!(
        code(&rule, &forged(json!({"aud": "a"}))),
        "jwt.missing_claim"
    );
    let verdict = judge(&[rule], &bearer(&signed(json!({"aud": "a"}))));
    assert_eq!(reply(&verdict).status, 401);
}

fn reporting(head: &meshwright_core::RequestHead) -> Outcome {
    let config = Config {
        jwt_rules: vec![JwtRule {
            output_payload_to_header: Some("x-payload".to_owned()),
            ..rule()
        }],
        report_only: true,
        ..Config::default()
    };
    let authenticator = Authenticator::from_config(&config).unwrap();
    authenticator.authenticate(head, at(NOW), &Inline)
}

#[test]
fn what_is_only_reported_goes_on_without_claims() {
    let authorization = format!("Bearer {}", signed(json!({"exp": 1})));
    let head = request(&[("authorization", &authorization), ("x-payload", "spoofed")]);
    let Outcome::Reported { refusal, verdict } = reporting(&head) else {
        panic!("decided")
    };
    assert_eq!(refusal.to_string(), "jwt.expired by jwtRules[0]");
    assert_eq!(edits(&verdict), [remove("x-payload")]);
}

#[test]
fn good_and_missing_tokens_are_no_matter_for_a_report() {
    for head in [bearer(&signed(json!({}))), request(&[])] {
        assert!(matches!(reporting(&head), Outcome::Decided(_)));
    }
}
