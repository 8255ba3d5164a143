use meshwright_core::config::from_value;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn entry(host: &str, weight: Option<i64>) -> Value {
    match weight {
        Some(weight) => json!({"destination": {"host": host}, "weight": weight}),
        None => json!({"destination": {"host": host}}),
    }
}

fn compile(route: Value) -> Result<Destinations, ConfigError> {
    Destinations::compile(&from_value::<Vec<RouteDestinationConfig>>(route)?)
}

fn counts(destinations: &Destinations, names: &[String]) -> Vec<u64> {
    let mut counts = vec![0; names.len()];
    for random in 0..destinations.total {
        let picked = destinations.pick(random);
        counts[names.iter().position(|name| name == picked).unwrap()] += 1;
    }
    counts
}

#[test]
fn a_single_destination_gets_everything_whatever_its_weight() {
    for weight in [None, Some(0), Some(7)] {
        let destinations = compile(json!([entry("a", weight)])).unwrap();
        assert_eq!(destinations.pick(u64::MAX), "outbound|||a");
    }
}

#[test]
fn intervals_follow_the_order_of_the_list() {
    let destinations = compile(json!([entry("a", Some(90)), entry("b", Some(10))])).unwrap();
    assert_eq!(destinations.pick(0), "outbound|||a");
    assert_eq!(destinations.pick(89), "outbound|||a");
    assert_eq!(destinations.pick(90), "outbound|||b");
    assert_eq!(destinations.pick(99), "outbound|||b");
    assert_eq!(destinations.pick(100), "outbound|||a");
}

#[test]
fn weights_need_not_add_up_to_100() {
    let destinations = compile(json!([entry("a", Some(1)), entry("b", Some(2))])).unwrap();
    assert_eq!(destinations.pick(3), "outbound|||a");
    assert_eq!(destinations.pick(5), "outbound|||b");
}

#[test]
fn destinations_of_weight_0_or_none_are_dropped() {
    let destinations = compile(json!([
        entry("a", Some(0)),
        entry("b", Some(1)),
        entry("c", None)
    ]))
    .unwrap();
    for random in 0..4 {
        assert_eq!(destinations.pick(random), "outbound|||b");
    }
}

#[test]
fn a_sum_of_0_is_refused() {
    let error = compile(json!([entry("a", Some(0)), entry("b", None)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the weights of several destinations must not all be 0"
    );
}

#[test]
fn an_empty_route_is_refused() {
    assert!(
        compile(json!([]))
            .unwrap_err()
            .message
            .contains("at least one destination")
    );
}

#[test]
fn weights_that_are_no_weights_are_refused_at_their_place() {
    for weight in [
        json!(-1),
        json!(1.5),
        json!("10"),
        json!(4_294_967_296_u64),
        json!(2_147_483_648_u64),
    ] {
        let error = compile(json!([{"destination": {"host": "a"}, "weight": weight}])).unwrap_err();
        assert_eq!(error.pointer, "/0/weight", "{weight}");
    }
}

#[test]
fn a_destination_needs_a_host() {
    let error = compile(json!([{"destination": {"host": ""}}])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at /0/destination/host: a destination needs a host"
    );
    assert!(compile(json!([{"destination": {}}])).is_err());
}

#[test]
fn the_largest_weights_do_not_overflow() {
    let largest = i64::from(i32::MAX);
    let destinations = compile(json!([
        entry("a", Some(largest)),
        entry("b", Some(largest)),
        entry("c", Some(largest))
    ]))
    .unwrap();
    assert_eq!(destinations.pick(destinations.total - 1), "outbound|||c");
}

proptest! {
    #[test]
    fn over_all_residues_each_destination_gets_exactly_its_weight(weights in prop::collection::vec(0_u32..40, 2..8)) {
        let names: Vec<String> = (0..weights.len()).map(|i| format!("outbound|||h{i}")).collect();
        let route: Vec<Value> = weights.iter().enumerate().map(|(i, w)| entry(&format!("h{i}"), Some(i64::from(*w)))).collect();
        match compile(Value::Array(route)) {
            Ok(destinations) => prop_assert_eq!(counts(&destinations, &names), weights.iter().copied().map(u64::from).collect::<Vec<_>>()),
            Err(_) => prop_assert_eq!(weights.iter().sum::<u32>(), 0),
        }
    }
}
