//! Rule A5 and the way in: what is refused, where, and what a set of policies needs.

use super::*;
use crate::config::{Action, Config};
use crate::request::Needs;

fn error(policies: &Value) -> String {
    Authorizer::from_json(json!({"policies": policies}).to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

fn rule_error(rule: &Value) -> String {
    let error = error(&json!([{"name": "p", "namespace": "d", "rules": [{}, rule]}]));
    error
        .strip_prefix("at /policies/0/rules/1")
        .unwrap_or(&error)
        .to_owned()
}

fn condition_error(condition: &Value) -> String {
    let error = rule_error(&json!({"when": [condition]}));
    error.strip_prefix("/when/0").unwrap_or(&error).to_owned()
}

#[test]
fn forgotten_configuration_is_an_error() {
    for json in ["", "{}"] {
        assert!(
            Authorizer::from_json(json.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("missing field `policies`")
        );
    }
}

#[test]
fn bad_address_block_is_refused_in_its_place() {
    for field in [
        "ipBlocks",
        "notIpBlocks",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
    ] {
        let error =
            rule_error(&json!({"from": [{"source": {field: ["10.0.0.0/8", "10.0.0.0/40"]}}]}));
        assert!(
            error.starts_with(&format!(
                "/from/0/source/{field}/1: `10.0.0.0/40` is not an address block"
            )),
            "{error}"
        );
    }
}

#[test]
fn port_out_of_range_is_refused_in_its_place() {
    for port in ["65536", "-1", "+1", "http", "1.0", "99999999999999999999"] {
        let error = rule_error(&json!({"to": [{"operation": {"notPorts": [port]}}]}));
        assert!(
            error.starts_with(&format!(
                "/to/0/operation/notPorts/0: `{port}` is not a port"
            )),
            "{error}"
        );
    }
    operation(&json!({"ports": ["0", "65535"]}));
}

#[test]
fn empty_value_is_refused() {
    let error = rule_error(&json!({"to": [{"operation": {"methods": ["GET", ""]}}]}));
    assert!(
        error.starts_with("/to/0/operation/methods/1: an empty value"),
        "{error}"
    );
    assert!(
        condition_error(&json!({"key": "source.ip", "values": [""]}))
            .starts_with("/values/0: an empty value")
    );
}

#[test]
fn condition_without_values_is_refused() {
    let error = condition_error(&json!({"key": "source.ip"}));
    assert!(
        error.starts_with(": at least one of `values` and `notValues`"),
        "{error}"
    );
}

#[test]
fn empty_source_operation_and_list_are_refused() {
    assert!(
        rule_error(&json!({"from": [{"source": {}}]}))
            .starts_with("/from/0/source: at least one field")
    );
    assert!(
        rule_error(&json!({"to": [{"operation": {"paths": []}}]}))
            .starts_with("/to/0/operation: at least one field")
    );
    assert!(rule_error(&json!({"from": []})).starts_with("/from: an empty list is ambiguous"));
    assert!(rule_error(&json!({"to": []})).starts_with("/to: an empty list is ambiguous"));
}

#[test]
fn unknown_condition_key_is_named() {
    for key in [
        "request.headers",
        "request.header[x]",
        "source.Ip",
        "destination.labels[v]",
        "",
    ] {
        let error = condition_error(&json!({"key": key, "values": ["a"]}));
        assert!(
            error.starts_with(&format!("/key: `{key}` is not a condition key")),
            "{error}"
        );
    }
}

#[test]
fn malformed_condition_key_is_named() {
    for key in [
        "request.headers[]",
        "request.headers[a b]",
        "request.auth.claims",
        "request.auth.claims[]",
        "request.auth.claimsx[a]",
    ] {
        let error = condition_error(&json!({"key": key, "values": ["a"]}));
        assert!(
            error.starts_with(&format!("/key: bad condition key `{key}`: ")),
            "{error}"
        );
    }
}

#[test]
fn condition_key_not_supported_yet_is_named() {
    for key in [
        "source.serviceAccount",
        "source.trustDomain",
        "experimental.envoy.filters.a.b[c]",
    ] {
        let error = condition_error(&json!({"key": key, "values": ["a"]}));
        assert_eq!(
            error,
            format!("/key: condition key `{key}` is not supported yet")
        );
    }
}

#[test]
fn source_field_not_supported_yet_is_named() {
    for field in [
        "serviceAccounts",
        "notServiceAccounts",
        "trustDomains",
        "notTrustDomains",
    ] {
        let error = rule_error(&json!({"from": [{"source": {field: ["a"]}}]}));
        assert!(
            error.starts_with(&format!(
                "/from/0/source/{field}: this field is not supported yet"
            )),
            "{error}"
        );
    }
}

#[test]
fn path_template_is_refused_by_name() {
    for path in ["/a/{*}", "/a/{**}", "/{*}/b"] {
        let error = rule_error(&json!({"to": [{"operation": {"notPaths": [path]}}]}));
        assert!(
            error.starts_with(&format!(
                "/to/0/operation/notPaths/0: path template `{path}`"
            )),
            "{error}"
        );
    }
}

#[test]
fn action_not_supported_yet_is_named() {
    for action in ["AUDIT", "CUSTOM"] {
        let error = error(&json!([{"name": "p", "namespace": "d", "action": action}]));
        assert!(
            error.starts_with(&format!(
                "at /policies/0/action: action `{action}` is not supported yet"
            )),
            "{error}"
        );
    }
    let error = error(&json!([{"name": "p", "namespace": "d", "action": "allow"}]));
    assert!(
        error.starts_with("at /policies/0/action: `allow` is not an action"),
        "{error}"
    );
}

#[test]
fn deny_policy_without_rules_is_refused() {
    let error = error(&json!([{"name": "p", "namespace": "d", "action": "DENY"}]));
    assert!(
        error.starts_with("at /policies/0/rules: a DENY policy without rules"),
        "{error}"
    );
}

#[test]
fn policy_of_the_same_name_twice_is_refused() {
    let error = error(
        &json!([{"name": "p", "namespace": "d"}, {"name": "p", "namespace": "e"}, {"name": "p", "namespace": "d"}]),
    );
    assert_eq!(
        error,
        "at /policies/2: policy `p` in namespace `d` occurs twice"
    );
}

#[test]
fn unknown_field_is_named() {
    assert!(rule_error(&json!({"form": []})).contains("unknown field `form`"));
    assert!(
        rule_error(&json!({"to": [{"operation": {"verbs": ["GET"]}}]}))
            .contains("unknown field `verbs`")
    );
}

#[test]
fn null_rule_is_refused_because_it_could_mean_everything() {
    assert!(
        error(&json!([{"name": "p", "namespace": "d", "rules": [null]}]))
            .starts_with("at /policies/0/rules/0: invalid type: null")
    );
}

#[test]
fn configuration_survives_a_round_trip_without_empty_fields() {
    let json = json!({"policies": [{"name": "p", "namespace": "d", "action": "DENY", "rules": [
        {}, {"from": [{"source": {"notIpBlocks": ["10.0.0.1"]}}], "when": [{"key": "source.ip", "notValues": ["10.0.0.2"]}]}
    ]}]});
    let config: Config = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(config.policies[0].action, Action::Deny);
    assert_eq!(serde_json::to_value(&config).unwrap(), json);
}

#[test]
fn policies_on_the_head_alone_need_nothing_else() {
    let authorizer = operation(&json!({"hosts": ["a"], "methods": ["GET"], "paths": ["/"]}));
    assert_eq!(authorizer.needs(), Needs::default());
}

#[test]
fn needs_name_each_input_that_some_rule_reads() {
    let authorizer = source(
        &json!({"ipBlocks": ["10.0.0.1"], "notRequestPrincipals": ["*"], "namespaces": ["a"]}),
    );
    let expected = Needs {
        source_ip: true,
        claims: true,
        principals: true,
        ..Needs::default()
    };
    assert_eq!(authorizer.needs(), expected);
    let keys =
        ["remote.ip", "destination.ip"].map(|key| json!({"key": key, "values": ["10.0.0.1"]}));
    let more = allow(&json!({
        "to": [{"operation": {"ports": ["1"]}}],
        "when": [keys[0], keys[1], {"key": "connection.sni", "values": ["a"]}]
    }));
    let expected = Needs {
        remote_ip: true,
        destination_ip: true,
        destination_port: true,
        sni: true,
        ..Needs::default()
    };
    assert_eq!(more.needs(), expected);
}
