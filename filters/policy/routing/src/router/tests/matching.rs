//! Rules R1, R3, R4 and R8: what a match block accepts.

use super::*;

fn uri_hits(uri: Value, path: &str) -> bool {
    hits(json!([{"uri": uri}]), &get(path, &[]))
}

fn query_hits(value: Value, query: &str) -> bool {
    hits(
        json!([{"queryParams": {"k": value}}]),
        &get(&format!("/p{query}"), &[]),
    )
}

#[test]
fn r1_the_first_matching_rule_wins() {
    let config = reviews(json!([
        {"match": [{"uri": {"prefix": "/a"}}], "route": [{"destination": {"host": "first"}}]},
        {"match": [{"uri": {"prefix": "/a/b"}}], "route": [{"destination": {"host": "longer"}}]}
    ]));
    let router = Router::from_json(config.to_string().as_bytes()).unwrap();
    assert_eq!(
        cluster(&router.assign(&get("/a/b", &[]), 0)).as_deref(),
        Some("outbound|||first")
    );
}

#[test]
fn r1_blocks_are_alternatives() {
    let blocks = json!([{"uri": {"exact": "/a"}}, {"uri": {"exact": "/b"}}]);
    assert!(hits(blocks.clone(), &get("/a", &[])));
    assert!(hits(blocks.clone(), &get("/b", &[])));
    assert!(!hits(blocks, &get("/c", &[])));
}

#[test]
fn r1_everything_in_a_block_must_hold() {
    let block = json!([{"uri": {"prefix": "/a"}, "method": {"exact": "GET"}, "headers": {"x": {"exact": "1"}, "y": {"exact": "2"}}}]);
    assert!(hits(block.clone(), &get("/a", &[("x", "1"), ("y", "2")])));
    assert!(!hits(block.clone(), &get("/a", &[("x", "1")])));
    assert!(!hits(block, &get("/b", &[("x", "1"), ("y", "2")])));
}

#[test]
fn r1_an_empty_block_and_an_empty_list_match_every_path() {
    assert!(hits(json!([{}]), &get("/any?q", &[])));
    assert!(hits(json!([]), &get("/any", &[])));
    assert!(hits(json!([{"name": "only-a-label"}]), &get("/any", &[])));
}

#[test]
fn r1_a_rule_for_everything_hides_later_ones() {
    let config = reviews(json!([
        {"route": [{"destination": {"host": "all"}}]},
        {"match": [{"uri": {"exact": "/"}}], "route": [{"destination": {"host": "late"}}]}
    ]));
    let router = Router::from_json(config.to_string().as_bytes()).unwrap();
    assert_eq!(
        cluster(&router.assign(&get("/", &[]), 0)).as_deref(),
        Some("outbound|||all")
    );
}

#[test]
fn r3_exact_uri_is_the_path_without_query() {
    assert!(uri_hits(json!({"exact": "/a"}), "/a"));
    assert!(uri_hits(json!({"exact": "/a"}), "/a?x=1"));
    assert!(uri_hits(json!({"exact": "/a"}), "/a#f"));
    assert!(!uri_hits(json!({"exact": "/a"}), "/a/"));
    assert!(!uri_hits(json!({"exact": "/a?x=1"}), "/a?x=1"));
}

#[test]
fn r3_prefix_uri_is_a_string_prefix_not_a_segment_prefix() {
    assert!(uri_hits(json!({"prefix": "/a/b"}), "/a/bc"));
    assert!(uri_hits(json!({"prefix": ""}), "/"));
    assert!(!uri_hits(json!({"prefix": "/a/b"}), "/a"));
}

#[test]
fn r3_a_prefix_does_not_reach_into_the_query() {
    assert!(!uri_hits(json!({"prefix": "/a?"}), "/a?x"));
}

#[test]
fn r3_regex_uri_matches_the_whole_path() {
    assert!(uri_hits(json!({"regex": "/v[12]/.*"}), "/v1/x?y"));
    assert!(!uri_hits(json!({"regex": "/v[12]"}), "/v1/x"));
    assert!(!uri_hits(json!({"regex": "v1"}), "/v1"));
}

#[test]
fn r3_uris_are_case_sensitive() {
    assert!(!uri_hits(json!({"exact": "/login"}), "/LOGIN"));
    assert!(!uri_hits(json!({"prefix": "/login"}), "/Login/x"));
}

#[test]
fn r3_ignore_uri_case_affects_exact_and_prefix_not_regex() {
    let ignoring = |uri: Value, path: &str| {
        hits(
            json!([{"uri": uri, "ignoreUriCase": true}]),
            &get(path, &[]),
        )
    };
    assert!(ignoring(json!({"exact": "/Login"}), "/lOGIN"));
    assert!(ignoring(json!({"prefix": "/login"}), "/LOGIN/x"));
    assert!(!ignoring(json!({"regex": "/login"}), "/LOGIN"));
}

#[test]
fn r3_an_empty_uri_object_means_any_path() {
    assert!(uri_hits(json!({}), "/x"));
}

#[test]
fn r4_method_and_scheme_are_case_sensitive() {
    assert!(hits(json!([{"method": {"exact": "GET"}}]), &get("/", &[])));
    assert!(!hits(json!([{"method": {"exact": "get"}}]), &get("/", &[])));
    assert!(hits(json!([{"scheme": {"exact": "http"}}]), &get("/", &[])));
    assert!(!hits(
        json!([{"scheme": {"exact": "HTTP"}}]),
        &get("/", &[])
    ));
    assert!(hits(
        json!([{"method": {"regex": "GET|HEAD"}}]),
        &get("/", &[])
    ));
}

#[test]
fn r4_authority_is_compared_with_case_and_port() {
    let to = |authority: &str| -> RequestHead {
        [(":authority", authority), (":path", "/")]
            .into_iter()
            .collect()
    };
    let block = json!([{"authority": {"exact": "reviews"}}]);
    assert!(hits(block.clone(), &to("reviews")));
    assert!(!hits(block.clone(), &to("Reviews")));
    assert!(!hits(block, &to("reviews:80")));
    assert!(hits(
        json!([{"authority": {"prefix": "reviews:"}}]),
        &to("reviews:80")
    ));
}

#[test]
fn r4_a_missing_method_or_scheme_does_not_match() {
    let head: RequestHead = [(":authority", "reviews"), (":path", "/")]
        .into_iter()
        .collect();
    assert!(!hits(json!([{"method": {"prefix": ""}}]), &head));
    assert!(!hits(json!([{"scheme": {}}]), &head));
}

#[test]
fn r8_query_parameters_match_exact_prefix_and_regex() {
    assert!(query_hits(json!({"exact": "v"}), "?k=v"));
    assert!(query_hits(json!({"prefix": "v"}), "?a=1&k=v2"));
    assert!(query_hits(json!({"regex": "[0-9]+"}), "?k=42"));
    assert!(!query_hits(json!({"regex": "[0-9]"}), "?k=42"));
}

#[test]
fn r8_nothing_in_a_query_is_decoded() {
    assert!(!query_hits(json!({"exact": "v"}), "?k=%76"));
    assert!(!query_hits(json!({"exact": "a b"}), "?k=a+b"));
    assert!(query_hits(json!({"exact": "a%20b"}), "?k=a%20b"));
}

#[test]
fn r8_only_the_first_value_counts_and_names_are_case_sensitive() {
    assert!(query_hits(json!({"exact": "1"}), "?k=1&k=2"));
    assert!(!query_hits(json!({"exact": "2"}), "?k=1&k=2"));
    assert!(!query_hits(json!({"exact": "1"}), "?K=1"));
}

#[test]
fn r8_presence_accepts_an_empty_value_but_not_a_missing_parameter() {
    assert!(query_hits(json!({}), "?k"));
    assert!(query_hits(json!({"regex": "*"}), "?k="));
    assert!(query_hits(json!({"exact": ""}), "?k"));
    assert!(!query_hits(json!({}), ""));
    assert!(!query_hits(json!({}), "?a;k"));
}
