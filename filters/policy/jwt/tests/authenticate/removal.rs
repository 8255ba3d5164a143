//! What becomes of the token, and which requests are not judged at all (rules J17-J20).

use policy_jwt::JwtRule;
use serde_json::json;

use crate::support::{
    bearer, code_of, edits, from_headers, judge, remove, request, rule, set, signed,
};

fn good() -> String {
    signed(json!({}))
}

#[test]
fn the_token_header_is_removed_from_the_request() {
    assert_eq!(
        edits(&judge(&[rule()], &bearer(&good()))),
        [remove("authorization")]
    );
}

#[test]
fn the_token_is_cut_out_of_the_query_and_the_rest_kept() {
    let path = format!("/p?b=%2f%26x&access_token={}&flag", good());
    let verdict = judge(&[rule()], &request(&[(":path", &path)]));
    assert_eq!(edits(&verdict), [set(":path", "/p?b=%2f%26x&flag")]);
}

#[test]
fn every_parameter_of_the_name_is_cut_out() {
    let path = format!("/?z=1&access_token={}&access_token=x", good());
    assert_eq!(
        edits(&judge(&[rule()], &request(&[(":path", &path)]))),
        [set(":path", "/?z=1")]
    );
}

#[test]
fn tokens_at_several_locations_are_all_removed() {
    let rule = JwtRule {
        from_params: vec!["s".to_owned(), "t".to_owned()],
        ..from_headers(&[("x-a", "")])
    };
    let path = format!("/?s={0}&k=1&t={0}", good());
    let verdict = judge(&[rule], &request(&[(":path", &path), ("x-a", &good())]));
    assert_eq!(edits(&verdict), [remove("x-a"), set(":path", "/?k=1")]);
}

#[test]
fn a_forwarded_token_stays() {
    let rule = JwtRule {
        forward_original_token: true,
        ..rule()
    };
    assert_eq!(edits(&judge(&[rule], &bearer(&good()))), []);
}

#[test]
fn a_cors_preflight_goes_on_whatever_its_token() {
    let preflight = [
        (":method", "OPTIONS"),
        ("origin", "o"),
        ("access-control-request-method", "GET"),
        ("authorization", "Bearer bad"),
    ];
    assert_eq!(code_of(rule(), &preflight), "jwt.cors_preflight");
}

#[test]
fn half_a_cors_preflight_is_judged() {
    let halves: [&[(&str, &str)]; 4] = [
        &[(":method", "OPTIONS"), ("origin", "o")],
        &[
            (":method", "OPTIONS"),
            ("access-control-request-method", "GET"),
        ],
        &[
            (":method", "OPTIONS"),
            ("origin", ""),
            ("access-control-request-method", "GET"),
        ],
        &[
            (":method", "GET"),
            ("origin", "o"),
            ("access-control-request-method", "GET"),
        ],
    ];
    for half in halves {
        let headers = [half, &[("authorization", "Bearer bad")]].concat();
        assert_eq!(code_of(rule(), &headers), "jwt.bad_format", "{half:?}");
    }
}

#[test]
fn a_request_without_a_path_is_not_judged() {
    let connect = [
        (":method", "CONNECT"),
        (":authority", "h"),
        ("authorization", "Bearer bad"),
    ]
    .into_iter()
    .collect();
    assert_eq!(judge(&[rule()], &connect).reason().code, "jwt.no_path");
    let options = [
        (":method", "OPTIONS"),
        (":path", "*"),
        ("authorization", "Bearer bad"),
    ];
    assert_eq!(code_of(rule(), &options), "jwt.no_path");
}

#[test]
fn a_cookie_stays() {
    let rule = JwtRule {
        from_cookies: vec!["t".to_owned()],
        ..rule()
    };
    let cookie = format!("t={}", signed(json!({})));
    assert_eq!(edits(&judge(&[rule], &request(&[("cookie", &cookie)]))), []);
}

/// CVE-2021-43824: requests without a path or anything else are let pass, because no rule is about them.
#[test]
fn a_request_without_anything_goes_on() {
    let head = meshwright_core::RequestHead::from_iter([("x", ""); 0]);
    assert_eq!(judge(&[rule()], &head).reason().code, "jwt.no_path");
}
