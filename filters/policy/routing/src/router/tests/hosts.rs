//! Rule R9: which virtual service answers for an authority.

use super::*;

fn router(hosts: &[(&str, &[&str])]) -> Router {
    let services: Vec<Value> = hosts
        .iter()
        .map(|(name, hosts)| json!({"name": name, "namespace": "default", "hosts": hosts, "http": [{"route": [{"destination": {"host": name}}]}]}))
        .collect();
    Router::from_json(json!({"virtualServices": services}).to_string().as_bytes()).unwrap()
}

fn service(router: &Router, authority: &str) -> Option<String> {
    let head: RequestHead = [(":authority", authority), (":path", "/")]
        .into_iter()
        .collect();
    cluster(&router.assign(&head, 0)).map(|name| name.trim_start_matches("outbound|||").to_owned())
}

#[test]
fn r9_exact_then_suffix_then_prefix_then_any() {
    let router = router(&[
        ("any", &["*"]),
        ("prefix", &["www.*"]),
        ("suffix", &["*.example"]),
        ("exact", &["www.example"]),
    ]);
    assert_eq!(service(&router, "www.example").as_deref(), Some("exact"));
    assert_eq!(service(&router, "api.example").as_deref(), Some("suffix"));
    assert_eq!(service(&router, "www.test").as_deref(), Some("prefix"));
    assert_eq!(service(&router, "test").as_deref(), Some("any"));
}

#[test]
fn r9_one_service_may_have_several_hosts() {
    let router = router(&[("reviews", &["reviews", "reviews.default"])]);
    assert_eq!(
        service(&router, "reviews.default").as_deref(),
        Some("reviews")
    );
}

#[test]
fn r9_case_and_port_of_the_authority_do_not_matter() {
    let router = router(&[("reviews", &["Reviews.Default"])]);
    assert_eq!(
        service(&router, "REVIEWS.default:9080").as_deref(),
        Some("reviews")
    );
}

#[test]
fn r9_an_unknown_authority_has_no_route() {
    let router = router(&[("reviews", &["reviews"])]);
    assert_eq!(service(&router, "ratings"), None);
    assert_eq!(service(&router, "reviews,ratings"), None);
}

#[test]
fn r9_a_service_that_does_not_match_is_not_replaced_by_a_wider_one() {
    let config = json!({"virtualServices": [
        {"name": "any", "namespace": "default", "hosts": ["*"], "http": [{"route": [{"destination": {"host": "any"}}]}]},
        {"name": "reviews", "namespace": "default", "hosts": ["reviews"],
         "http": [{"match": [{"uri": {"exact": "/only"}}], "route": [{"destination": {"host": "reviews"}}]}]}
    ]});
    let router = Router::from_json(config.to_string().as_bytes()).unwrap();
    assert_eq!(service(&router, "reviews"), None);
}
