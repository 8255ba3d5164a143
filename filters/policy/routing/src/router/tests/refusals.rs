//! What a configuration must not say, and that the error names the place.

use super::*;

fn error(config: &Value) -> ConfigError {
    Router::from_json(config.to_string().as_bytes()).unwrap_err()
}

/// The error for a rule with these members beside its route.
fn rule_error(members: Value) -> ConfigError {
    let mut rule = json!({"route": [{"destination": {"host": "a"}}]});
    rule.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    error(&reviews(json!([rule])))
}

#[test]
fn rule_fields_that_are_not_supported_are_refused_by_name() {
    for field in [
        "redirect",
        "directResponse",
        "delegate",
        "rewrite",
        "timeout",
        "retries",
        "fault",
        "mirror",
        "mirrors",
        "mirrorPercent",
        "mirrorPercentage",
        "corsPolicy",
        "headers",
    ] {
        let error = rule_error(json!({field: {}}));
        assert_eq!(error.pointer, format!("/virtualServices/0/http/0/{field}"));
        assert!(error.message.contains("not supported yet"), "{error}");
    }
}

#[test]
fn match_fields_that_are_not_supported_are_refused_by_name() {
    for field in [
        "port",
        "sourceLabels",
        "sourceNamespace",
        "gateways",
        "statPrefix",
    ] {
        let error = rule_error(json!({"match": [{field: {}}]}));
        assert_eq!(
            error.pointer,
            format!("/virtualServices/0/http/0/match/0/{field}")
        );
        assert!(error.message.contains("not supported yet"), "{error}");
    }
}

#[test]
fn headers_of_a_destination_are_refused_by_name() {
    let error = error(&reviews(
        json!([{"route": [{"destination": {"host": "a"}, "headers": {}}]}]),
    ));
    assert_eq!(error.pointer, "/virtualServices/0/http/0/route/0/headers");
}

#[test]
fn fields_that_istio_does_not_have_are_unknown() {
    assert!(
        rule_error(json!({"rout": []}))
            .message
            .contains("unknown field `rout`")
    );
}

#[test]
fn a_bad_regex_is_named_with_its_place() {
    let error = rule_error(json!({"match": [{}, {"headers": {"a~b": {"regex": "("}}}]}));
    assert_eq!(
        error.pointer,
        "/virtualServices/0/http/0/match/1/headers/a~0b/regex"
    );
    for field in ["uri", "method", "authority", "scheme"] {
        let error = rule_error(json!({"match": [{field: {"regex": "a**"}}]}));
        assert_eq!(
            error.pointer,
            format!("/virtualServices/0/http/0/match/0/{field}/regex")
        );
    }
    for field in ["withoutHeaders", "queryParams"] {
        let error = rule_error(json!({"match": [{field: {"k": {"regex": "a**"}}}]}));
        assert_eq!(
            error.pointer,
            format!("/virtualServices/0/http/0/match/0/{field}/k/regex")
        );
    }
}

#[test]
fn the_regex_star_is_refused_for_a_uri() {
    assert!(
        rule_error(json!({"match": [{"uri": {"regex": "*"}}]}))
            .message
            .contains("nothing before `*`")
    );
}

#[test]
fn two_forms_in_one_match_are_refused() {
    let error = rule_error(json!({"match": [{"uri": {"exact": "/a", "prefix": "/"}}]}));
    assert_eq!(error.pointer, "/virtualServices/0/http/0/match/0/uri");
}

#[test]
fn r7_reserved_names_and_claims_are_refused_as_headers() {
    for name in ["uri", "scheme", "method", "authority"] {
        assert!(
            rule_error(json!({"match": [{"headers": {name: {}}}]}))
                .message
                .contains("is no header")
        );
    }
    let error = rule_error(
        json!({"match": [{"withoutHeaders": {"@request.auth.claims.sub": {"exact": "x"}}}]}),
    );
    assert!(error.message.contains("not supported yet"), "{error}");
    assert!(
        rule_error(json!({"match": [{"headers": {"": {}}}]}))
            .message
            .contains("not a header name")
    );
    assert!(
        rule_error(json!({"match": [{"headers": {":path": {}}}]}))
            .message
            .contains("not a header name")
    );
}

#[test]
fn r11_garbage_weights_are_named_with_their_place() {
    let error = error(&reviews(
        json!([{"route": [{"destination": {"host": "a"}, "weight": 1}, {"destination": {"host": "b"}, "weight": -1}]}]),
    ));
    assert_eq!(error.pointer, "/virtualServices/0/http/0/route/1/weight");
}

#[test]
fn r11_a_rule_without_destination_is_refused() {
    let error = error(&reviews(json!([{}])));
    assert_eq!(error.pointer, "/virtualServices/0/http/0/route");
}

#[test]
fn r9_hosts_that_cannot_match_are_refused() {
    let with_hosts = |hosts: Value| {
        error(
            &json!({"virtualServices": [{"name": "a", "namespace": "n", "hosts": hosts, "http": [{"route": [{"destination": {"host": "a"}}]}]}]}),
        )
    };
    assert_eq!(with_hosts(json!([])).pointer, "/virtualServices/0/hosts");
    assert!(
        with_hosts(json!(["a", ""]))
            .to_string()
            .starts_with("at /virtualServices/0/hosts/1: a host must not be empty")
    );
    assert!(with_hosts(json!(["a:80"])).message.contains("has a port"));
    assert!(
        with_hosts(json!(["a.*.b"]))
            .message
            .contains("neither first nor last")
    );
}

#[test]
fn r9_a_host_belongs_to_one_virtual_service() {
    let service = |name: &str| json!({"name": name, "namespace": "n", "hosts": ["x"], "http": [{"route": [{"destination": {"host": "a"}}]}]});
    let error = error(&json!({"virtualServices": [service("a"), service("b")]}));
    assert_eq!(
        error.to_string(),
        "at /virtualServices/1/hosts/0: the host `x` belongs to the virtual service `n/a` already"
    );
}

#[test]
fn a_virtual_service_needs_rules() {
    assert_eq!(
        error(&reviews(json!([]))).pointer,
        "/virtualServices/0/http"
    );
}
