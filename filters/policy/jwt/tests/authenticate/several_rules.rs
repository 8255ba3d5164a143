//! Several rules together: any of them may accept (rules J2, J30-J34).

use policy_jwt::{JwtHeader, JwtRule};
use serde_json::{Value, json};

use crate::support::{bearer, edits, judge, remove, reply, request, rule, signed};

fn issued_by(issuer: &str) -> JwtRule {
    JwtRule {
        issuer: issuer.to_owned(),
        ..rule()
    }
}

fn at_header(issuer: &str, header: &str) -> JwtRule {
    JwtRule {
        from_headers: vec![JwtHeader {
            name: header.to_owned(),
            prefix: String::new(),
        }],
        output_payload_to_header: Some(format!("x-payload-{header}")),
        ..issued_by(issuer)
    }
}

fn token_of(issuer: &str, claims: Value) -> String {
    let mut claims = claims;
    claims["iss"] = json!(issuer);
    signed(claims)
}

fn two_issuers() -> [JwtRule; 2] {
    [issued_by("one"), issued_by("two")]
}

fn two_headers() -> [JwtRule; 2] {
    [at_header("one", "a"), at_header("two", "b")]
}

#[test]
fn the_second_rule_may_accept() {
    let verdict = judge(&two_issuers(), &bearer(&token_of("two", json!({}))));
    assert_eq!(verdict.reason().to_string(), "jwt.valid by jwtRules[1]");
}

#[test]
fn no_token_anywhere_goes_on() {
    assert_eq!(
        judge(&two_issuers(), &request(&[])).reason().code,
        "jwt.missing_allowed"
    );
    assert_eq!(
        judge(&two_headers(), &request(&[])).reason().code,
        "jwt.missing_allowed"
    );
}

#[test]
fn an_issuer_of_no_rule_is_refused() {
    let verdict = judge(&two_issuers(), &bearer(&token_of("three", json!({}))));
    assert_eq!(reply(&verdict).body, b"Jwt issuer is not configured");
}

#[test]
fn other_failures_are_reported_rather_than_an_unknown_issuer() {
    let verdict = judge(&two_issuers(), &bearer(&token_of("two", json!({"exp": 1}))));
    assert_eq!(verdict.reason().to_string(), "jwt.expired by jwtRules[1]");
    let verdict = judge(&two_issuers(), &bearer(&token_of("one", json!({"exp": 1}))));
    assert_eq!(verdict.reason().to_string(), "jwt.expired by jwtRules[0]");
}

#[test]
fn the_first_rule_to_fail_speaks_unless_its_issuer_is_unknown() {
    let expired = token_of("one", json!({"exp": 1}));
    let verdict = judge(&two_headers(), &request(&[("a", &expired), ("b", "bad")]));
    assert_eq!(verdict.reason().code, "jwt.expired");
    let unknown = token_of("three", json!({}));
    let verdict = judge(&two_headers(), &request(&[("a", &unknown), ("b", "bad")]));
    assert_eq!(verdict.reason().code, "jwt.bad_format");
}

#[test]
fn good_tokens_of_two_issuers_at_shared_locations_are_refused() {
    let path = format!("/?access_token={}", token_of("two", json!({})));
    let header = format!("Bearer {}", token_of("one", json!({})));
    let verdict = judge(
        &two_issuers(),
        &request(&[(":path", &path), ("authorization", &header)]),
    );
    assert_eq!(reply(&verdict).body, b"Jwt issuer is not configured");
}

#[test]
fn a_good_token_passes_whatever_lies_at_the_other_rules_location() {
    let good = token_of("one", json!({}));
    let verdict = judge(&two_headers(), &request(&[("a", &good), ("b", "bad")]));
    assert_eq!(verdict.reason().to_string(), "jwt.valid by jwtRules[0]");
    let good = token_of("two", json!({}));
    let verdict = judge(&two_headers(), &request(&[("a", "bad"), ("b", &good)]));
    assert_eq!(verdict.reason().to_string(), "jwt.valid by jwtRules[1]");
}

#[test]
fn a_bad_token_at_one_location_alone_is_refused() {
    assert_eq!(
        judge(&two_headers(), &request(&[("b", "bad")]))
            .reason()
            .to_string(),
        "jwt.bad_format by jwtRules[1]"
    );
}

#[test]
fn only_the_first_accepting_rule_acts() {
    let [one, two] = ["one", "two"].map(|issuer| token_of(issuer, json!({})));
    let edits = edits(&judge(
        &two_headers(),
        &request(&[("a", &one), ("b", &two)]),
    ));
    assert!(edits.contains(&remove("a")));
    assert!(!edits.contains(&remove("b")));
    assert_eq!(edits.len(), 2);
}

#[test]
fn a_failed_rule_leaves_no_trace() {
    let first = JwtRule {
        from_params: vec!["p".to_owned()],
        ..at_header("one", "a")
    };
    let path = format!("/?p={}", token_of("one", json!({})));
    let good = token_of("two", json!({}));
    let verdict = judge(
        &[first, at_header("two", "b")],
        &request(&[(":path", &path), ("a", "bad"), ("b", &good)]),
    );
    let edits = edits(&verdict);
    assert_eq!(edits.first(), Some(&remove("b")));
    assert_eq!(edits.len(), 2);
}

#[test]
fn without_rules_everything_goes_on() {
    assert_eq!(
        judge(&[], &bearer("bad")).reason().code,
        "jwt.missing_allowed"
    );
}
