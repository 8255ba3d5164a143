//! What a good token leaves behind (rules J44-J48).

use meshwright_core::{HeaderEdit, Verdict, state::JWT_PAYLOAD};
use policy_jwt::{ClaimToHeader, JwtRule};
use serde_json::{Value, json};

use crate::support::{
    ISSUER, base64url, bearer, edits, judge, remove, request, rule, set, sign_text, signed, state,
};

fn claims_to(outputs: &[(&str, &str)]) -> JwtRule {
    let output = |(header, claim): &(&str, &str)| ClaimToHeader {
        header: (*header).to_owned(),
        claim: (*claim).to_owned(),
    };
    JwtRule {
        forward_original_token: true,
        output_claim_to_headers: outputs.iter().map(output).collect(),
        ..rule()
    }
}

fn claim_edits(outputs: &[(&str, &str)], claims: Value) -> Vec<HeaderEdit> {
    edits(&judge(&[claims_to(outputs)], &bearer(&signed(claims))))
}

fn normalised(claims: Value) -> Value {
    let rule = JwtRule {
        space_delimited_claims: vec!["groups".to_owned()],
        ..rule()
    };
    serde_json::from_str(&state(&judge(&[rule], &bearer(&signed(claims)))).unwrap()).unwrap()
}

#[test]
fn the_payload_is_left_for_later_filters_byte_for_byte() {
    let payload = format!("{{ \"iss\" : \"{ISSUER}\",\n\"n\":1.50 }}");
    let verdict = judge(
        &[rule()],
        &bearer(&sign_text(r#"{"alg":"HS256"}"#, &payload)),
    );
    let Verdict::Continue { effects, .. } = verdict else {
        panic!()
    };
    assert_eq!(effects.state, [(JWT_PAYLOAD, payload.into_bytes())]);
    assert!(!effects.clear_route_cache);
}

#[test]
fn a_request_without_token_leaves_no_state() {
    assert_eq!(state(&judge(&[rule()], &request(&[]))), None);
}

#[test]
fn scope_and_permission_become_lists() {
    let payload = normalised(json!({"scope": "a  b ", "permission": "c"}));
    assert_eq!(
        payload,
        json!({"iss": ISSUER, "scope": ["a", "b"], "permission": ["c"]})
    );
}

#[test]
fn configured_claims_become_lists() {
    assert_eq!(
        normalised(json!({"groups": "a b"}))["groups"],
        json!(["a", "b"])
    );
}

#[test]
fn blank_and_other_claims_stay_as_they_are() {
    for value in [json!(""), json!("  "), json!(["a b"]), json!(1)] {
        assert_eq!(normalised(json!({"scope": value}))["scope"], value);
    }
    assert_eq!(normalised(json!({"name": "a b"}))["name"], "a b");
}

#[test]
fn the_payload_header_gets_the_text_of_the_token() {
    let rule = JwtRule {
        output_payload_to_header: Some("X-Payload".to_owned()),
        ..rule()
    };
    let token = signed(json!({"sub": "s"}));
    let payload = token.split('.').nth(1).unwrap();
    assert_eq!(
        edits(&judge(&[rule], &bearer(&token))),
        [remove("authorization"), set("x-payload", payload)]
    );
}

#[test]
fn claims_are_written_to_their_headers() {
    let outputs = [("x-sub", "sub"), ("X-Nested", "a.b"), ("x-list", "l")];
    let edits = claim_edits(&outputs, json!({"sub": "s", "a": {"b": 1.5}, "l": ["x"]}));
    assert_eq!(
        edits,
        [
            set("x-sub", "s"),
            set("x-nested", "1.500000"),
            set("x-list", "WyJ4Il0=")
        ]
    );
}

#[test]
fn a_claim_whose_name_has_a_dot_is_out_of_reach() {
    assert_eq!(claim_edits(&[("x", "n.a")], json!({"n.a": "v"})), []);
}

#[test]
fn missing_null_and_empty_claims_have_no_header() {
    assert_eq!(
        claim_edits(
            &[("x-a", "a"), ("x-b", "b"), ("x-c", "c")],
            json!({"a": null, "b": ""})
        ),
        []
    );
}

#[test]
fn two_claims_for_one_header_are_two_values() {
    let edits = claim_edits(&[("x", "a"), ("x", "b")], json!({"a": "1", "b": "2"}));
    assert_eq!(
        edits,
        [
            set("x", "1"),
            HeaderEdit::Append("x".to_owned(), b"2".to_vec())
        ]
    );
}

#[test]
fn every_token_adds_its_values_the_first_found_last() {
    let path = format!("/?access_token={}", signed(json!({"sub": "query"})));
    let header = format!("Bearer {}", signed(json!({"sub": "header"})));
    let verdict = judge(
        &[claims_to(&[("x", "sub")])],
        &request(&[(":path", &path), ("authorization", &header)]),
    );
    assert_eq!(
        edits(&verdict),
        [
            set("x", "query"),
            HeaderEdit::Append("x".to_owned(), b"header".to_vec())
        ]
    );
}

#[test]
fn control_characters_of_a_claim_are_left_to_the_codec_to_refuse() {
    assert_eq!(
        claim_edits(&[("x", "sub")], json!({"sub": "a\r\nb"})),
        [set("x", "a\r\nb")]
    );
}

#[test]
fn output_headers_of_the_client_are_removed_without_a_token() {
    let rule = JwtRule {
        output_payload_to_header: Some("x-payload".to_owned()),
        ..claims_to(&[("x-sub", "sub")])
    };
    let head = request(&[
        ("X-Sub", "spoofed"),
        ("x-payload", "spoofed"),
        ("x-sub", "again"),
    ]);
    assert_eq!(
        edits(&judge(&[rule], &head)),
        [remove("x-payload"), remove("x-sub")]
    );
}

#[test]
fn output_headers_of_the_client_are_removed_from_what_is_not_judged() {
    let rules = [claims_to(&[("x", "sub")])];
    let preflight = [
        (":method", "OPTIONS"),
        ("origin", "o"),
        ("access-control-request-method", "GET"),
        ("x", "spoofed"),
    ];
    assert_eq!(edits(&judge(&rules, &request(&preflight))), [remove("x")]);
    assert_eq!(
        edits(&judge(
            &rules,
            &request(&[(":path", "*"), ("x", "spoofed")])
        )),
        [remove("x")]
    );
}

#[test]
fn output_headers_of_rules_that_did_not_act_are_removed_too() {
    let second = JwtRule {
        issuer: "two".to_owned(),
        ..claims_to(&[("x-two", "sub")])
    };
    let token = format!("Bearer {}", signed(json!({"sub": "s"})));
    let head = request(&[
        ("authorization", &token),
        ("x-two", "spoofed"),
        ("x-one", "spoofed"),
    ]);
    assert_eq!(
        edits(&judge(&[claims_to(&[("x-one", "sub")]), second], &head)),
        [remove("x-two"), set("x-one", "s")]
    );
}

#[test]
fn a_spoofed_header_is_removed_when_the_claim_is_missing() {
    let token = format!("Bearer {}", signed(json!({})));
    let head = request(&[("authorization", &token), ("x", "spoofed")]);
    assert_eq!(
        edits(&judge(&[claims_to(&[("x", "sub")])], &head)),
        [remove("x")]
    );
}

#[test]
fn no_needless_edit_is_made() {
    let rule = claims_to(&[("x", "sub")]);
    assert_eq!(
        edits(&judge(std::slice::from_ref(&rule), &request(&[]))),
        []
    );
    assert_eq!(edits(&judge(&[rule], &bearer(&signed(json!({}))))), []);
}

#[test]
fn the_payload_header_keeps_odd_padding() {
    let rule = JwtRule {
        forward_original_token: true,
        output_payload_to_header: Some("x".to_owned()),
        ..rule()
    };
    let payload = format!(r#"{{"iss":"{ISSUER}","pad":""}}"#);
    let token = sign_text(r#"{"alg":"HS256"}"#, &payload);
    assert_eq!(
        edits(&judge(&[rule], &bearer(&token))),
        [set("x", &base64url(payload.as_bytes()))]
    );
}
