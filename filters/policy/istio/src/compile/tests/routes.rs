//! VirtualService: who answers for a host, and what is left over (rule R9).

use super::*;

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
