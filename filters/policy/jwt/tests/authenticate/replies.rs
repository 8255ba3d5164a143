//! The reply to a refused request (rules J39-J42).

use crate::support::{bearer, judge, reply, request, rule};

fn challenge(headers: &[(&str, &str)]) -> String {
    let headers = [headers, &[("authorization", "Bearer bad")]].concat();
    let verdict = judge(&[rule()], &request(&headers));
    let [(name, value)] = &reply(&verdict).headers[..] else {
        panic!("one header")
    };
    assert_eq!(name, "www-authenticate");
    String::from_utf8_lossy(value).into_owned()
}

#[test]
fn a_bad_token_gets_401_and_the_reason_as_text() {
    let verdict = judge(&[rule()], &bearer("bad"));
    let reply = reply(&verdict);
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.body,
        b"Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"
    );
}

#[test]
fn the_reason_names_code_and_rule() {
    assert_eq!(
        judge(&[rule()], &bearer("bad")).reason().to_string(),
        "jwt.bad_format by jwtRules[0]"
    );
}

#[test]
fn details_are_the_text_without_spaces() {
    let verdict = judge(&[rule()], &bearer("a.b.c"));
    let expected = "jwt_authn_access_denied{Jwt_header_is_an_invalid_Base64url_encoded}";
    assert_eq!(reply(&verdict).details, expected);
}

#[test]
fn the_challenge_names_the_uri_with_its_query() {
    let challenge = challenge(&[
        (":scheme", "https"),
        (":authority", "h:81"),
        (":path", "/p?q=\"1"),
    ]);
    assert_eq!(
        challenge,
        r#"Bearer realm="https://h:81/p?q="1", error="invalid_token""#
    );
}

#[test]
fn the_challenge_takes_the_scheme_the_proxy_forwarded() {
    let challenge = challenge(&[(":scheme", "http"), ("x-forwarded-proto", "https")]);
    assert!(challenge.starts_with(r#"Bearer realm="https://h/""#));
}

#[test]
fn the_path_in_the_challenge_is_cut_to_256_bytes() {
    let long = format!("/{}", "a".repeat(300));
    let expected = format!(
        r#"Bearer realm="http://h/{}", error="invalid_token""#,
        "a".repeat(255)
    );
    assert_eq!(challenge(&[(":path", &long)]), expected);
}

#[test]
fn the_challenge_does_not_trust_x_envoy_original_path() {
    assert!(!challenge(&[("x-envoy-original-path", "/evil")]).contains("evil"));
}

#[test]
fn a_request_without_authority_gets_a_challenge_too() {
    let head = [(":path", "/"), ("authorization", "Bearer bad")]
        .into_iter()
        .collect();
    assert_eq!(
        reply(&judge(&[rule()], &head)).headers[0].1,
        br#"Bearer realm=":///", error="invalid_token""#
    );
}
