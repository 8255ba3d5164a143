//! VirtualService and DestinationRule: hosts, destinations, and what is left over (rule R9).

use super::*;

const FULL: &str = "reviews.default.svc.cluster.local";

fn subsets() -> Value {
    document(
        "DestinationRule",
        "reviews",
        json!({"host": "reviews", "subsets": [
        {"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}, {"name": "v3"}]}),
    )
}

/// A VirtualService for `host` that sends everything to this destination.
fn to(host: &str, destination: Value) -> Value {
    document(
        "VirtualService",
        "reviews",
        json!({"hosts": [host], "http": [{"route": [{"destination": destination}]}]}),
    )
}

fn bookinfo() -> Vec<Value> {
    let http = json!([
        {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [{"destination": {"host": "reviews", "subset": "v2"}}]},
        {"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}
    ]);
    vec![
        document(
            "VirtualService",
            "reviews",
            json!({"hosts": ["reviews"], "http": http}),
        ),
        subsets(),
    ]
}

fn cluster(plugins: &PluginConfigs, authority: &str, headers: &[(&str, &str)]) -> Option<String> {
    let head: RequestHead = [(":authority", authority), (":path", "/")]
        .into_iter()
        .chain(headers.iter().copied())
        .collect();
    let Verdict::Continue { effects, .. } = Router::from_config(&plugins.ab_router)
        .unwrap()
        .assign(&head, 0)
    else {
        panic!("routing never denies");
    };
    effects
        .state
        .first()
        .map(|(_, value)| String::from_utf8(value.clone()).unwrap())
}

fn destination_error(destination: Value) -> meshwright_core::ConfigError {
    let found = try_compile(vec![subsets(), to("reviews", destination)]).unwrap_err();
    assert_eq!(found[0].index, Some(1));
    found[0].error.clone()
}

#[test]
fn bookinfo_routes_jason_to_v2_and_others_to_v1() {
    let plugins = compiled(bookinfo());
    assert_eq!(
        cluster(&plugins, "reviews:9080", &[("end-user", "jason")]),
        Some(format!("outbound|9080|v2|{FULL}"))
    );
    assert_eq!(
        cluster(&plugins, "reviews:9080", &[]),
        Some(format!("outbound|9080|v1|{FULL}"))
    );
}

#[test]
fn a_virtual_service_answers_to_every_name_of_its_host() {
    let plugins = compiled(bookinfo());
    for authority in ["reviews", "reviews.default", "reviews.default.svc", FULL] {
        assert!(
            cluster(&plugins, authority, &[]).unwrap().contains("|v1|"),
            "{authority}"
        );
    }
}

#[test]
fn a_full_host_name_means_the_same_service() {
    let plugins = compiled(vec![
        subsets(),
        to(FULL, json!({"host": FULL, "subset": "v1"})),
    ]);
    assert!(cluster(&plugins, "reviews", &[]).unwrap().contains("|v1|"));
}

#[test]
fn the_short_name_is_known_only_in_its_namespace() {
    let resources = [Resource::new(
        "x",
        to("reviews", json!({"host": "reviews"})),
    )];
    let abroad = Workload {
        namespace: "other".into(),
        ..Workload::default()
    };
    let plugins = compile(&resources, &services(), &abroad).unwrap();
    assert_eq!(cluster(&plugins, "reviews", &[]), None);
    assert!(cluster(&plugins, "reviews.default", &[]).is_some());
}

#[test]
fn a_service_without_virtual_service_gets_a_rule_for_everything() {
    let plugins = compiled(bookinfo());
    assert_eq!(
        cluster(&plugins, "ratings.default", &[]).as_deref(),
        Some("outbound|||ratings.default.svc.cluster.local")
    );
}

#[test]
fn a_service_with_subsets_only_gets_none() {
    let only = Service {
        has_default: false,
        subsets: vec!["v1".into()],
        ..Service::new("reviews", "default")
    };
    let plugins = compile(&[], &[only], &workload()).unwrap();
    assert!(plugins.ab_router.virtual_services.is_empty() && plugins.destinations.is_empty());
}

#[test]
fn a_wildcard_host_covers_services_under_all_their_names() {
    let plugins = compiled(vec![
        subsets(),
        to("*", json!({"host": "reviews", "subset": "v1"})),
    ]);
    for authority in ["ratings", "ratings.default.svc", "anything.else"] {
        assert!(
            cluster(&plugins, authority, &[]).unwrap().contains("|v1|"),
            "{authority}"
        );
    }
}

#[test]
fn the_most_specific_host_owns_a_service() {
    let mut wide = to("*.default.svc.cluster.local", json!({"host": "ratings"}));
    wide["metadata"]["name"] = "wide".into();
    let plugins = compiled(vec![
        subsets(),
        wide,
        to("reviews", json!({"host": "reviews", "subset": "v1"})),
    ]);
    assert!(cluster(&plugins, "reviews", &[]).unwrap().contains("|v1|"));
    assert!(
        cluster(&plugins, "ratings", &[])
            .unwrap()
            .ends_with("|ratings.default.svc.cluster.local")
    );
}

#[test]
fn two_virtual_services_cannot_have_one_host() {
    let mut second = to("reviews.default", json!({"host": "ratings"}));
    second["metadata"]["name"] = "second".into();
    let found = try_compile(vec![to("reviews", json!({"host": "reviews"})), second]).unwrap_err();
    assert_eq!(
        (found[0].index, found[0].error.pointer.as_str()),
        (Some(1), "/spec/hosts/0")
    );
    assert!(
        found[0].error.message.contains("`default/reviews` already"),
        "{}",
        found[0]
    );
}

#[test]
fn hosts_that_share_a_name_within_one_virtual_service_are_fine() {
    compiled(vec![document(
        "VirtualService",
        "x",
        json!({"hosts": ["reviews", FULL], "http": [{"route": [{"destination": {"host": "ratings"}}]}]}),
    )]);
}

#[test]
fn an_unknown_destination_host_names_the_known_ones() {
    let error = destination_error(json!({"host": "details"}));
    assert_eq!(error.pointer, "/spec/http/0/route/0/destination/host");
    assert!(
        error
            .message
            .contains("`details.default.svc.cluster.local`")
            && error.message.contains(FULL),
        "{error}"
    );
}

#[test]
fn a_short_destination_belongs_to_the_namespace_of_its_virtual_service() {
    let found = try_compile(vec![in_namespace(
        to("reviews", json!({"host": "reviews"})),
        "other",
    )])
    .unwrap_err();
    assert!(
        found[0]
            .error
            .message
            .contains("`reviews.other.svc.cluster.local`"),
        "{}",
        found[0]
    );
}

#[test]
fn a_subset_that_no_destination_rule_defines_is_refused() {
    let error = destination_error(json!({"host": "reviews", "subset": "v9"}));
    assert_eq!(error.pointer, "/spec/http/0/route/0/destination/subset");
    assert_eq!(
        error.message,
        format!("no DestinationRule for `{FULL}` defines the subset `v9`")
    );
}

#[test]
fn a_subset_without_address_is_refused() {
    let error = destination_error(json!({"host": "reviews", "subset": "v3"}));
    assert_eq!(
        error.message,
        format!("there is no address for the subset `v3` of `{FULL}`; known: `v1`, `v2`")
    );
}

#[test]
fn a_destination_without_subset_needs_an_address_without_subset() {
    let only = Service {
        has_default: false,
        subsets: vec!["v1".into()],
        ..Service::new("reviews", "default")
    };
    let resources = [Resource::new(
        "x",
        to("reviews", json!({"host": "reviews"})),
    )];
    let found = compile(&resources, &[only], &workload()).unwrap_err();
    assert!(
        found[0].error.message.contains("subsets only"),
        "{}",
        found[0]
    );
}

#[test]
fn a_port_must_be_that_of_the_service() {
    let error = destination_error(json!({"host": "reviews", "port": {"number": 80}}));
    assert_eq!(
        error.pointer,
        "/spec/http/0/route/0/destination/port/number"
    );
    let plugins = compiled(vec![to(
        "ratings",
        json!({"host": "ratings", "port": {"number": 8080}}),
    )]);
    assert_eq!(
        cluster(&plugins, "ratings", &[]).as_deref(),
        Some("outbound|8080||ratings.default.svc.cluster.local")
    );
}

#[test]
fn destinations_list_each_cluster_once_with_its_service() {
    let plugins = compiled(bookinfo());
    let listed: Vec<(&str, &str, Option<&str>)> = plugins
        .destinations
        .iter()
        .map(|to| (to.cluster.as_str(), to.host.as_str(), to.subset.as_deref()))
        .collect();
    let (v1, v2) = (
        format!("outbound|9080|v1|{FULL}"),
        format!("outbound|9080|v2|{FULL}"),
    );
    assert_eq!(
        listed,
        [
            (v1.as_str(), "reviews", Some("v1")),
            (v2.as_str(), "reviews", Some("v2")),
            (
                "outbound|||ratings.default.svc.cluster.local",
                "ratings",
                None
            ),
        ]
    );
}

#[test]
fn errors_of_the_router_point_into_the_resource() {
    let bad = json!({"hosts": ["reviews"], "http": [{"match": [{"uri": {"regex": "("}}], "route": [{"destination": {"host": "reviews"}}]}]});
    assert_eq!(
        error(document("VirtualService", "x", bad)).pointer,
        "/spec/http/0/match/0/uri/regex"
    );
    assert_eq!(
        error(document(
            "VirtualService",
            "x",
            json!({"http": [{"route": [{"destination": {"host": "reviews"}}]}]})
        ))
        .pointer,
        "/spec/hosts"
    );
    assert_eq!(
        error(to("reviews:80", json!({"host": "reviews"}))).pointer,
        "/spec/hosts/0"
    );
}

#[test]
fn fields_that_are_not_supported_are_refused_by_name() {
    for field in ["gateways", "tls", "tcp", "exportTo"] {
        assert_eq!(
            error(document("VirtualService", "x", json!({field: []}))).pointer,
            format!("/spec/{field}")
        );
    }
    for field in ["trafficPolicy", "exportTo", "workloadSelector"] {
        assert_eq!(
            error(document(
                "DestinationRule",
                "x",
                json!({"host": "ratings", field: {}})
            ))
            .pointer,
            format!("/spec/{field}")
        );
    }
    let subset = json!({"host": "ratings", "subsets": [{"name": "v1", "trafficPolicy": {}}]});
    assert_eq!(
        error(document("DestinationRule", "x", subset)).pointer,
        "/spec/subsets/0/trafficPolicy"
    );
}

#[test]
fn a_wildcard_destination_rule_defines_subsets_for_all_it_covers() {
    let rule = document(
        "DestinationRule",
        "all",
        json!({"host": "*.local", "subsets": [{"name": "v1"}]}),
    );
    compiled(vec![
        rule,
        to("reviews", json!({"host": "reviews", "subset": "v1"})),
    ]);
}

#[test]
fn a_service_given_twice_is_refused() {
    let twice = [Service::new("reviews", "default"), Service::new(FULL, "x")];
    let found = compile(&[], &twice, &workload()).unwrap_err();
    assert_eq!(
        found[0].to_string(),
        format!("services: the service `{FULL}` is given twice")
    );
}

#[test]
fn a_service_whose_name_cannot_be_routed_is_refused() {
    let found = compile(&[], &[Service::new("a.b:80", "default")], &workload()).unwrap_err();
    assert!(
        found[0]
            .to_string()
            .starts_with("services: the host `a.b:80` has a port"),
        "{}",
        found[0]
    );
}
