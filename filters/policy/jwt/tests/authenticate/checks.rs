//! Issuer, time and audience (rules J27-J29).

use policy_jwt::{Inline, JwtRule};
use serde_json::{Value, json};

use crate::support::{
    ISSUER, NOW, at, authenticator, bearer, code, decided, judge, reply, rule, sign_text, signed,
};

fn expires(exp: Value) -> &'static str {
    code(&signed(json!({"exp": exp})))
}

fn not_before(nbf: u64) -> &'static str {
    code(&signed(json!({"nbf": nbf})))
}

fn audience(allowed: &[&str], aud: Value) -> &'static str {
    let rule = JwtRule {
        audiences: allowed.iter().map(|one| (*one).to_owned()).collect(),
        ..rule()
    };
    judge(&[rule], &bearer(&signed(json!({"aud": aud}))))
        .reason()
        .code
}

fn forged(claims: Value) -> String {
    let token = signed(claims);
    let (message, _) = token.rsplit_once('.').unwrap();
    format!("{message}.AAAA")
}

#[test]
fn a_token_expires_a_minute_after_exp() {
    assert_eq!(expires(json!(NOW - 60)), "jwt.valid");
    assert_eq!(expires(json!(NOW - 61)), "jwt.expired");
}

#[test]
fn fractions_of_exp_are_cut_off() {
    assert_eq!(expires(json!(1_699_999_940.9)), "jwt.valid");
    assert_eq!(expires(json!(1_699_999_939.9)), "jwt.expired");
}

#[test]
fn exp_of_zero_never_expires() {
    assert_eq!(expires(json!(0)), "jwt.valid");
    assert_eq!(expires(json!(0.5)), "jwt.valid");
    assert_eq!(expires(json!(1)), "jwt.expired");
}

#[test]
fn exp_may_be_missing_or_far_away() {
    assert_eq!(code(&signed(json!({}))), "jwt.valid");
    assert_eq!(expires(json!(1e19)), "jwt.valid");
}

#[test]
fn a_token_is_valid_from_a_minute_before_nbf() {
    assert_eq!(not_before(NOW + 60), "jwt.valid");
    assert_eq!(not_before(NOW + 61), "jwt.not_yet_valid");
}

#[test]
fn iat_is_not_compared_with_now() {
    assert_eq!(code(&signed(json!({"iat": NOW * 2}))), "jwt.valid");
}

#[test]
fn a_clock_before_1970_does_not_matter() {
    let before = at(0) - std::time::Duration::from_secs(5);
    let verdict = decided(authenticator(&[rule()]).authenticate(
        &bearer(&signed(json!({"nbf": 61}))),
        before,
        &Inline,
    ));
    assert_eq!(verdict.reason().code, "jwt.not_yet_valid");
}

#[test]
fn the_issuer_must_be_exactly_that_of_the_rule() {
    for issuer in [
        "https://issuer.example/",
        "HTTPS://issuer.example",
        "",
        "other",
    ] {
        assert_eq!(
            code(&signed(json!({"iss": issuer}))),
            "jwt.unknown_issuer",
            "{issuer}"
        );
    }
}

#[test]
fn a_missing_issuer_is_unknown_when_the_rule_names_one() {
    assert_eq!(
        code(&sign_text(r#"{"alg":"HS256"}"#, "{}")),
        "jwt.unknown_issuer"
    );
}

#[test]
fn a_rule_without_issuer_takes_any_and_none() {
    let rule = JwtRule {
        issuer: String::new(),
        ..rule()
    };
    for token in [
        signed(json!({"iss": "x"})),
        sign_text(r#"{"alg":"HS256"}"#, "{}"),
    ] {
        assert_eq!(
            judge(std::slice::from_ref(&rule), &bearer(&token))
                .reason()
                .code,
            "jwt.valid"
        );
    }
}

#[test]
fn without_audiences_any_is_allowed() {
    assert_eq!(audience(&[], json!("x")), "jwt.valid");
}

#[test]
fn one_audience_in_common_is_enough() {
    assert_eq!(audience(&["a", "b"], json!(["x", "b"])), "jwt.valid");
    assert_eq!(audience(&["a"], json!("a")), "jwt.valid");
}

#[test]
fn no_audience_in_common_is_refused() {
    for aud in [json!("x"), json!([]), json!(""), json!("A"), json!(["a "])] {
        assert_eq!(audience(&["a"], aud.clone()), "jwt.bad_audience", "{aud}");
    }
}

#[test]
fn a_missing_audience_is_refused_with_403() {
    let rule = JwtRule {
        audiences: vec!["a".to_owned()],
        ..rule()
    };
    let verdict = judge(&[rule], &bearer(&signed(json!({}))));
    assert_eq!(reply(&verdict).status, 403);
    assert_eq!(reply(&verdict).body, b"Audiences in Jwt are not allowed");
}

#[test]
fn schemes_and_one_trailing_slash_of_audiences_do_not_count() {
    assert_eq!(
        audience(&["https://a.example/"], json!("a.example")),
        "jwt.valid"
    );
    assert_eq!(
        audience(&["a.example"], json!("http://a.example/")),
        "jwt.valid"
    );
    assert_eq!(
        audience(&["a.example"], json!("a.example//")),
        "jwt.bad_audience"
    );
    assert_eq!(
        audience(&["a.example"], json!("HTTP://a.example")),
        "jwt.bad_audience"
    );
}

#[test]
fn a_forged_token_fails_the_earlier_check_first() {
    assert_eq!(code(&forged(json!({"exp": 1}))), "jwt.expired");
    assert_eq!(
        code(&forged(json!({"iss": "x", "exp": 1}))),
        "jwt.unknown_issuer"
    );
    assert_eq!(code(&forged(json!({}))), "jwt.bad_signature");
}

#[test]
fn time_is_checked_before_audience() {
    let rule = JwtRule {
        audiences: vec!["a".to_owned()],
        ..rule()
    };
    let token = signed(json!({"iss": ISSUER, "exp": 1, "aud": "x"}));
    assert_eq!(judge(&[rule], &bearer(&token)).reason().code, "jwt.expired");
}
