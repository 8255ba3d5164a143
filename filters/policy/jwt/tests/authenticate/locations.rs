//! Where tokens are found (rules J8-J16).

use policy_jwt::JwtRule;
use serde_json::json;

use crate::support::{
    bearer, code, code_of, from_headers, judge, reply, request, rule, sign_text, signed, state,
};

fn good() -> String {
    signed(json!({}))
}

fn code_of_authorization(value: &str) -> &'static str {
    code_of(rule(), &[("authorization", value)])
}

#[test]
fn a_request_without_a_token_goes_on() {
    assert_eq!(code_of(rule(), &[]), "jwt.missing_allowed");
}

#[test]
fn a_bearer_token_is_found() {
    assert_eq!(code(&good()), "jwt.valid");
}

#[test]
fn a_token_in_the_query_is_found() {
    assert_eq!(
        code_of(
            rule(),
            &[(":path", &format!("/?a=1&access_token={}", good()))]
        ),
        "jwt.valid"
    );
}

#[test]
fn a_custom_header_turns_both_defaults_off() {
    let rule = from_headers(&[("x-jwt", "")]);
    let path = format!("/?access_token={}", good());
    let headers = [("authorization", "Bearer junk"), (":path", path.as_str())];
    assert_eq!(code_of(rule, &headers), "jwt.missing_allowed");
}

#[test]
fn a_custom_parameter_turns_both_defaults_off() {
    let rule = JwtRule {
        from_params: vec!["t".to_owned()],
        ..rule()
    };
    assert_eq!(
        code_of(rule.clone(), &[("authorization", "Bearer junk")]),
        "jwt.missing_allowed"
    );
    assert_eq!(
        code_of(rule, &[(":path", &format!("/?t={}", good()))]),
        "jwt.valid"
    );
}

#[test]
fn the_prefix_counts_anywhere_in_the_value() {
    assert_eq!(
        code_of_authorization(&format!("Basic Bearer {}", good())),
        "jwt.valid"
    );
    assert_eq!(
        code_of_authorization(&format!("xBearer {}", good())),
        "jwt.valid"
    );
}

#[test]
fn the_prefix_is_case_sensitive() {
    for prefix in ["bearer ", "BEARER ", "Bearer\t"] {
        assert_eq!(
            code_of_authorization(&format!("{prefix}{}", good())),
            "jwt.missing_allowed",
            "{prefix}"
        );
    }
}

#[test]
fn other_schemes_and_bare_prefixes_are_no_token() {
    for value in ["Basic dTpw", "", "Bearer"] {
        assert_eq!(
            code_of_authorization(value),
            "jwt.missing_allowed",
            "{value}"
        );
    }
}

#[test]
fn characters_before_the_token_are_skipped() {
    assert_eq!(
        code_of_authorization(&format!("Bearer  {}", good())),
        "jwt.valid"
    );
    assert_eq!(
        code_of_authorization(&format!("Bearer \"{}", good())),
        "jwt.valid"
    );
}

#[test]
fn without_any_token_character_the_whole_value_is_the_token() {
    assert_eq!(code_of_authorization("Bearer !!!"), "jwt.bad_format");
}

#[test]
fn an_opaque_token_is_refused() {
    assert_eq!(code_of_authorization("Bearer opaque"), "jwt.bad_format");
}

#[test]
fn a_token_is_not_cut_at_the_first_foreign_character() {
    assert_eq!(
        code_of_authorization(&format!("Bearer {},x=1", good())),
        "jwt.bad_signature_base64"
    );
}

#[test]
fn joined_authorization_lines_are_refused_though_all_are_good() {
    let joined = format!("Bearer {0},Bearer {0}", good());
    assert_eq!(code_of_authorization(&joined), "jwt.bad_format");
}

#[test]
fn every_line_of_a_repeated_custom_header_must_be_good() {
    let rule = from_headers(&[("x-a", "")]);
    let good = good();
    assert_eq!(
        code_of(rule.clone(), &[("x-a", &good), ("x-a", &good)]),
        "jwt.valid"
    );
    assert_eq!(
        code_of(rule.clone(), &[("x-a", &good), ("x-a", "bad")]),
        "jwt.bad_format"
    );
    assert_eq!(
        code_of(rule, &[("x-a", "bad"), ("x-a", &good)]),
        "jwt.bad_format"
    );
}

#[test]
fn a_request_costs_a_bounded_number_of_signature_checks() {
    let good = good();
    let lines = |count| vec![("x-a", good.as_str()); count];
    let rule = from_headers(&[("x-a", "")]);
    assert_eq!(code_of(rule.clone(), &lines(32)), "jwt.valid");
    assert_eq!(code_of(rule, &lines(33)), "jwt.too_much_work");
}

#[test]
fn with_an_empty_prefix_the_whole_value_is_the_token() {
    assert_eq!(
        code_of(from_headers(&[("x-a", "")]), &[("X-A", &good())]),
        "jwt.valid"
    );
    assert_eq!(
        code_of(
            from_headers(&[("X-A", "")]),
            &[("x-a", &format!("Bearer {}", good()))]
        ),
        "jwt.bad_header_json"
    );
    assert_eq!(
        code_of(from_headers(&[("x-a", "")]), &[("x-a", "")]),
        "jwt.bad_format"
    );
}

#[test]
fn parameter_names_and_values_are_percent_decoded() {
    let token = good().replace('.', "%2e");
    assert_eq!(
        code_of(rule(), &[(":path", &format!("/?access%5Ftoken={token}"))]),
        "jwt.valid"
    );
}

#[test]
fn only_the_first_parameter_of_a_name_is_looked_at() {
    let good = good();
    assert_eq!(
        code_of(
            rule(),
            &[(":path", &format!("/?access_token={good}&access_token=bad"))]
        ),
        "jwt.valid"
    );
    assert_eq!(
        code_of(
            rule(),
            &[(":path", &format!("/?access_token=bad&access_token={good}"))]
        ),
        "jwt.bad_format"
    );
}

#[test]
fn an_empty_parameter_is_a_token() {
    assert_eq!(
        code_of(rule(), &[(":path", "/?access_token=")]),
        "jwt.bad_format"
    );
    assert_eq!(
        code_of(rule(), &[(":path", "/?access_token")]),
        "jwt.bad_format"
    );
}

#[test]
fn every_token_of_a_rule_must_be_good() {
    let path = format!("/?access_token={}", good());
    assert_eq!(
        code_of(rule(), &[(":path", &path), ("authorization", "Bearer bad")]),
        "jwt.bad_format"
    );
}

#[test]
fn tokens_are_judged_last_to_first() {
    let path = "/?access_token=a.b.c";
    assert_eq!(
        code_of(rule(), &[(":path", path), ("authorization", "Bearer bad")]),
        "jwt.bad_header_base64"
    );
}

#[test]
fn the_header_wins_over_the_parameter() {
    let path = format!("/?access_token={}", signed(json!({"sub": "query"})));
    let header = format!("Bearer {}", signed(json!({"sub": "header"})));
    let verdict = judge(
        &[rule()],
        &request(&[(":path", &path), ("authorization", &header)]),
    );
    assert!(state(&verdict).unwrap().contains(r#""sub":"header""#));
}

#[test]
fn headers_are_looked_at_by_name_and_prefix() {
    let rule = from_headers(&[("x-b", ""), ("x-a", "t "), ("x-a", "s ")]);
    let [b, t, s] = ["b", "t", "s"].map(|sub| signed(json!({"sub": sub})));
    let head = request(&[
        ("x-b", &b),
        ("x-a", &format!("t {t}")),
        ("x-a", &format!("s {s}")),
    ]);
    assert!(
        state(&judge(&[rule], &head))
            .unwrap()
            .contains(r#""sub":"s""#)
    );
}

#[test]
fn a_token_of_64_kib_is_the_limit() {
    let long = |filler: usize| {
        sign_text(
            r#"{"alg":"HS256"}"#,
            &format!(r#"{{"iss":"x","f":"{}"}}"#, "a".repeat(filler)),
        )
    };
    assert_eq!(code(&long(40_000)), "jwt.unknown_issuer");
    let verdict = judge(&[rule()], &bearer(&long(50_000)));
    assert_eq!(verdict.reason().code, "jwt.too_large");
    assert_eq!(reply(&verdict).status, 401);
}

fn from_cookies(names: &[&str]) -> JwtRule {
    JwtRule {
        from_cookies: names.iter().map(|name| (*name).to_owned()).collect(),
        ..rule()
    }
}

#[test]
fn a_token_in_a_cookie_is_found() {
    let good = good();
    for cookie in [
        format!("t={good}"),
        format!("a=1; t={good}; b=2"),
        format!("a;;t={good}"),
        format!("a=t;  t=\"{good}\""),
    ] {
        assert_eq!(
            code_of(from_cookies(&["t"]), &[("cookie", &cookie)]),
            "jwt.valid",
            "{cookie}"
        );
    }
}

#[test]
fn other_cookies_are_no_tokens() {
    for cookie in ["a=1", "T=junk", "tt=junk", "t", "a=t=junk", "t =junk"] {
        assert_eq!(
            code_of(from_cookies(&["t"]), &[("cookie", cookie)]),
            "jwt.missing_allowed",
            "{cookie}"
        );
    }
    assert_eq!(
        code_of(from_cookies(&["t"]), &[("cookie", "t=")]),
        "jwt.bad_format"
    );
}

#[test]
fn the_first_cookie_of_a_name_counts() {
    let good = good();
    let later = [
        ("cookie", format!("t={good}; t=junk")),
        ("cookie", "t=junk".to_owned()),
    ];
    let later = later
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(code_of(from_cookies(&["t"]), &later), "jwt.valid");
    let earlier = [("cookie", "t=junk"), ("cookie", &*format!("t={good}"))];
    assert_eq!(code_of(from_cookies(&["t"]), &earlier), "jwt.bad_format");
}

#[test]
fn a_custom_cookie_turns_both_defaults_off() {
    let headers = [
        ("authorization", "Bearer junk"),
        (":path", "/?access_token=junk"),
    ];
    assert_eq!(
        code_of(from_cookies(&["t"]), &headers),
        "jwt.missing_allowed"
    );
}

#[test]
fn every_location_is_looked_at_and_cookies_give_way_to_the_others() {
    let rule = JwtRule {
        from_cookies: vec!["c".to_owned()],
        ..from_headers(&[("x", "")])
    };
    let [first, second] = ["first", "second"].map(|sub| signed(json!({"sub": sub})));
    let cookie = format!("c={second}");
    let both = request(&[("cookie", &cookie), ("x", &first)]);
    let verdict = judge(std::slice::from_ref(&rule), &both);
    assert!(state(&verdict).unwrap().contains("first"));
    let bad = [("cookie", "c=junk"), ("x", first.as_str())];
    assert_eq!(code_of(rule, &bad), "jwt.bad_format");
}
