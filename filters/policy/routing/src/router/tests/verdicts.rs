//! What a verdict says, and that no request can break it.

use proptest::prelude::*;

use super::*;

#[test]
fn a_match_names_the_rule_and_leaves_the_destination_as_state() {
    let verdict = router_with(json!([{}])).assign(&get("/", &[]), 0);
    assert_eq!(
        verdict.reason().to_string(),
        "routing.matched by ns[default]-virtualservice[reviews]-http[0]"
    );
    let Verdict::Continue { effects, .. } = verdict else {
        panic!("routing never denies")
    };
    assert_eq!(
        effects.state,
        [(state::DESTINATION, b"outbound|||hit".to_vec())]
    );
    assert!(effects.clear_route_cache);
    assert!(
        effects.headers.is_empty(),
        "a header would reach the upstream"
    );
}

#[test]
fn the_reason_has_the_name_of_the_rule_when_it_has_one() {
    let config = reviews(json!([{"name": "everyone", "route": [{"destination": {"host": "a"}}]}]));
    let verdict = Router::from_json(config.to_string().as_bytes())
        .unwrap()
        .assign(&get("/", &[]), 0);
    assert_eq!(
        verdict.reason().rule.as_deref(),
        Some("ns[default]-virtualservice[reviews]-http[0]-name[everyone]")
    );
}

#[test]
fn the_cluster_is_named_as_in_istio() {
    let config = reviews(
        json!([{"route": [{"destination": {"host": "reviews.default.svc.cluster.local", "subset": "v2", "port": {"number": 9080}}}]}]),
    );
    let router = Router::from_json(config.to_string().as_bytes()).unwrap();
    assert_eq!(
        cluster(&router.assign(&get("/", &[]), 0)).as_deref(),
        Some("outbound|9080|v2|reviews.default.svc.cluster.local")
    );
}

#[test]
fn without_a_match_there_are_no_effects() {
    let config = reviews(
        json!([{"match": [{"uri": {"exact": "/a"}}], "route": [{"destination": {"host": "a"}}]}]),
    );
    let verdict = Router::from_json(config.to_string().as_bytes())
        .unwrap()
        .assign(&get("/b", &[]), 0);
    assert_eq!(verdict, Verdict::proceed(NO_MATCH));
}

#[test]
fn requests_without_path_or_authority_have_no_route() {
    let router = router_with(json!([{}]));
    let connect: RequestHead = [(":method", "CONNECT"), (":authority", "reviews")]
        .into_iter()
        .collect();
    let options: RequestHead = [
        (":method", "OPTIONS"),
        (":authority", "reviews"),
        (":path", "*"),
    ]
    .into_iter()
    .collect();
    let bare: RequestHead = [(":path", "/")].into_iter().collect();
    for head in [connect, options, bare, RequestHead::default()] {
        assert_eq!(router.assign(&head, 0).reason().code, NO_MATCH);
    }
}

#[test]
fn r12_random_picks_among_the_weights() {
    let config = reviews(json!([{"route": [
        {"destination": {"host": "a"}, "weight": 90}, {"destination": {"host": "b"}, "weight": 10}]}]));
    let router = Router::from_json(config.to_string().as_bytes()).unwrap();
    let picked = |random| cluster(&router.assign(&get("/", &[]), random)).unwrap();
    assert_eq!(
        (0..100)
            .filter(|random| picked(*random) == "outbound|||a")
            .count(),
        90
    );
    assert_eq!(picked(189), "outbound|||a");
    assert_eq!(picked(190), "outbound|||b");
}

#[test]
fn an_empty_configuration_routes_nothing() {
    assert_eq!(
        Router::from_json(b"")
            .unwrap()
            .assign(&get("/", &[]), 0)
            .reason()
            .code,
        NO_MATCH
    );
}

#[test]
fn a_configuration_survives_being_written_and_read() {
    let json = reviews(json!([
        {"name": "n", "match": [{"uri": {"prefix": "/a"}, "withoutHeaders": {"x": {}}, "ignoreUriCase": true}],
         "route": [{"destination": {"host": "a", "subset": "v1", "port": {"number": 80}}, "weight": 1}]}]));
    let config: Config = meshwright_core::config::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&config).unwrap(), json);
}

fn any_header() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let name = prop_oneof![
        prop::sample::select(vec![
            ":path",
            ":method",
            ":authority",
            ":scheme",
            "end-user"
        ])
        .prop_map(|name| name.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    let value = prop_oneof![
        prop::sample::select(vec!["reviews", "/", "/v1?k=1", "jason"])
            .prop_map(|value| value.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..64),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn no_request_panics(headers in prop::collection::vec(any_header(), 0..12), random in any::<u64>()) {
        let router = router_with(json!([
            {"uri": {"regex": "/(v[12])+.*"}, "ignoreUriCase": true, "queryParams": {"k": {"regex": "[^&]*"}}},
            {"headers": {"end-user": {"regex": "(?i)j.*n"}}, "withoutHeaders": {"x": {"prefix": ""}}, "authority": {"prefix": "r"}}
        ]));
        let head: RequestHead = headers.into_iter().collect();
        let verdict = router.assign(&head, random);
        prop_assert_eq!(cluster(&verdict).is_some(), verdict.reason().code == MATCHED);
    }

    #[test]
    fn no_pattern_panics(pattern in r"([\[\](){}^$.*+?|\\:a-cx0-9,\-<>P!=]|\PC){0,24}", value in prop::collection::vec(any::<u8>(), 0..32)) {
        let config = reviews(json!([{"match": [{"headers": {"x": {"regex": pattern}}}], "route": [{"destination": {"host": "a"}}]}]));
        if let Ok(router) = Router::from_json(config.to_string().as_bytes()) {
            let head: RequestHead = [(":authority", &b"reviews"[..]), (":path", b"/"), ("x", &value)].into_iter().collect();
            let _ = router.assign(&head, 0);
        }
    }
}
