//! Rules R5 and R6: headers that must and must not match.

use super::*;

fn header_hits(value: Value, headers: &[(&str, &str)]) -> bool {
    hits(
        json!([{"headers": {"end-user": value}}]),
        &get("/", headers),
    )
}

fn without_hits(value: Value, headers: &[(&str, &str)]) -> bool {
    hits(
        json!([{"withoutHeaders": {"end-user": value}}]),
        &get("/", headers),
    )
}

#[test]
fn r5_header_values_are_case_sensitive_and_names_are_not() {
    assert!(header_hits(
        json!({"exact": "jason"}),
        &[("End-User", "jason")]
    ));
    assert!(!header_hits(
        json!({"exact": "jason"}),
        &[("end-user", "Jason")]
    ));
}

#[test]
fn r5_header_prefix_and_regex() {
    assert!(header_hits(
        json!({"prefix": "ja"}),
        &[("end-user", "jason")]
    ));
    assert!(header_hits(
        json!({"regex": "j.*n"}),
        &[("end-user", "jason")]
    ));
    assert!(!header_hits(
        json!({"regex": "j"}),
        &[("end-user", "jason")]
    ));
}

#[test]
fn r5_a_missing_header_never_matches() {
    for value in [
        json!({"exact": ""}),
        json!({"prefix": ""}),
        json!({"regex": ".*"}),
        json!({}),
    ] {
        assert!(!header_hits(value, &[]));
    }
}

#[test]
fn r5_no_field_or_the_regex_star_ask_for_presence() {
    assert!(header_hits(json!({}), &[("end-user", "")]));
    assert!(header_hits(json!({"regex": "*"}), &[("end-user", "")]));
    assert!(header_hits(json!({"regex": "*"}), &[("end-user", "x")]));
}

#[test]
fn r5_exact_empty_matches_only_a_present_empty_header() {
    assert!(header_hits(json!({"exact": ""}), &[("end-user", "")]));
    assert!(!header_hits(json!({"exact": ""}), &[("end-user", "x")]));
}

#[test]
fn r5_repeated_headers_are_tested_one_by_one() {
    let repeated = [("end-user", "a"), ("end-user", "b")];
    assert!(header_hits(json!({"exact": "a"}), &repeated));
    assert!(header_hits(json!({"exact": "b"}), &repeated));
    assert!(!header_hits(json!({"exact": "a,b"}), &repeated));
    assert!(!header_hits(json!({"exact": "a"}), &[("end-user", "a,b")]));
}

#[test]
fn r5_header_values_are_bytes() {
    let head: RequestHead = [
        (":authority", &b"reviews"[..]),
        (":path", b"/"),
        ("end-user", b"a\xffc"),
    ]
    .into_iter()
    .collect();
    assert!(hits(
        json!([{"headers": {"end-user": {"regex": "a.c"}}}]),
        &head
    ));
}

#[test]
fn r5_the_header_host_is_the_authority() {
    assert!(hits(
        json!([{"headers": {"host": {"exact": "reviews"}}}]),
        &get("/", &[])
    ));
}

#[test]
fn r6_a_missing_header_is_without_a_value() {
    assert!(without_hits(json!({"exact": "jason"}), &[]));
    assert!(!without_hits(
        json!({"exact": "jason"}),
        &[("end-user", "jason")]
    ));
    assert!(without_hits(
        json!({"exact": "jason"}),
        &[("end-user", "other")]
    ));
}

#[test]
fn r6_a_match_on_the_empty_value_is_never_without() {
    assert!(!without_hits(json!({"regex": ".*"}), &[]));
    assert!(!without_hits(json!({"prefix": ""}), &[]));
    assert!(!without_hits(json!({"exact": ""}), &[]));
    assert!(without_hits(json!({"exact": ""}), &[("end-user", "x")]));
}

#[test]
fn r6_presence_is_without_only_when_missing() {
    for presence in [json!({}), json!({"regex": "*"})] {
        assert!(without_hits(presence.clone(), &[]));
        assert!(!without_hits(presence.clone(), &[("end-user", "")]));
        assert!(!without_hits(presence, &[("end-user", "x")]));
    }
}

#[test]
fn r6_any_matching_value_of_a_repeated_header_spoils_it() {
    let repeated = [("end-user", "other"), ("end-user", "jason")];
    assert!(!without_hits(json!({"exact": "jason"}), &repeated));
    assert!(without_hits(json!({"exact": "other,jason"}), &repeated));
}
