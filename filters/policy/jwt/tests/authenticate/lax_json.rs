//! Tokens whose JSON only Envoy takes for such: what comes of them is JSON again (rules J23, J44, J45).

use policy_jwt::{ClaimToHeader, JwtRule};

use crate::support::{ISSUER, base64url, bearer, edits, judge, rule, set, sign_text, state};

#[test]
fn later_filters_get_json() {
    let payload = format!("{{iss:'{ISSUER}', roles: ['a', 'b\\'c',],\n n: 1.50}}");
    let verdict = judge(&[rule()], &bearer(&sign_text("{alg:'HS256'}", &payload)));
    let expected = format!(r#"{{"iss":"{ISSUER}","n":1.5,"roles":["a","b'c"]}}"#);
    assert_eq!(state(&verdict), Some(expected));
}

#[test]
fn outputs_are_those_of_the_token() {
    let rule = JwtRule {
        output_payload_to_header: Some("x-payload".to_owned()),
        output_claim_to_headers: vec![ClaimToHeader {
            header: "x-sub".to_owned(),
            claim: "sub".to_owned(),
        }],
        ..rule()
    };
    let payload = format!("{{iss:'{ISSUER}',sub:'\"quoted\"'}}");
    let edits = edits(&judge(
        &[rule],
        &bearer(&sign_text("{alg:'HS256'}", &payload)),
    ));
    assert!(edits.contains(&set("x-payload", &base64url(payload.as_bytes()))));
    assert!(edits.contains(&set("x-sub", "\"quoted\"")));
}

#[test]
fn null_is_a_payload_without_claims() {
    let rule = JwtRule {
        issuer: String::new(),
        ..rule()
    };
    let verdict = judge(&[rule], &bearer(&sign_text(r#"{"alg":"HS256"}"#, "null")));
    assert_eq!(state(&verdict).as_deref(), Some("{}"));
}
