//! Destinations: services, subsets and ports that must exist.

use super::*;

fn destination_error(destination: Value) -> meshwright_core::ConfigError {
    let found = try_compile(vec![subsets(), to("reviews", destination)]).unwrap_err();
    assert_eq!(found[0].index, Some(1));
    found[0].error.clone()
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
