//! RequestAuthentication and AuthorizationPolicy: which apply, and how they merge (rules J1, A2, A3).

use super::*;

fn authentication(name: &str, issuers: &[&str]) -> Value {
    let rules: Vec<Value> = issuers
        .iter()
        .map(|issuer| json!({"issuer": issuer, "jwks": JWKS}))
        .collect();
    document("RequestAuthentication", name, json!({"jwtRules": rules}))
}

fn allow_get() -> Value {
    document(
        "AuthorizationPolicy",
        "allow-get",
        json!({"action": "ALLOW", "rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}),
    )
}

fn selecting(mut document: Value, labels: Value) -> Value {
    document["spec"]["selector"] = json!({"matchLabels": labels});
    document
}

fn issuers(plugins: &PluginConfigs) -> Vec<&str> {
    plugins
        .jwt_auth
        .iter()
        .flat_map(|config| &config.jwt_rules)
        .map(|rule| rule.issuer.as_str())
        .collect()
}

fn policies(plugins: &PluginConfigs) -> Vec<&str> {
    plugins
        .authz
        .iter()
        .flat_map(|config| &config.policies)
        .map(|policy| policy.name.as_str())
        .collect()
}

#[test]
fn without_policies_there_is_nothing_to_configure() {
    let plugins = compiled(vec![]);
    assert_eq!((plugins.jwt_auth, plugins.authz), (None, None));
}

#[test]
fn j1_rules_are_concatenated_and_sorted_by_issuer() {
    let plugins = compiled(vec![
        authentication("a", &["z", "b"]),
        authentication("b", &["m", "b"]),
    ]);
    assert_eq!(issuers(&plugins), ["b", "b", "m", "z"]);
}

#[test]
fn j5_every_field_of_a_rule_is_taken() {
    let rule = json!({
        "issuer": "https://issuer.example", "audiences": ["a"], "jwksUri": "https://issuer.example/keys", "timeout": "3s",
        "fromHeaders": [{"name": "x", "prefix": "p "}], "fromParams": ["t"], "fromCookies": ["c"],
        "forwardOriginalToken": true, "outputPayloadToHeader": "x-p",
        "outputClaimToHeaders": [{"header": "x-c", "claim": "sub"}], "spaceDelimitedClaims": ["roles"],
    });
    let plugins = compiled(vec![document(
        "RequestAuthentication",
        "r",
        json!({"jwtRules": [rule]}),
    )]);
    assert_eq!(
        serde_json::to_value(plugins.jwt_auth).unwrap(),
        json!({"jwtRules": [rule]})
    );
}

#[test]
fn a2_root_and_own_namespace_apply_and_others_do_not() {
    let plugins = compiled(vec![
        in_namespace(authentication("root", &["root"]), "istio-system"),
        authentication("own", &["own"]),
        in_namespace(authentication("other", &["other"]), "other"),
        in_namespace(allow_get(), "other"),
    ]);
    assert_eq!(issuers(&plugins), ["own", "root"]);
    assert_eq!(plugins.authz, None);
}

#[test]
fn a2_a_selector_needs_every_label() {
    let matching = selecting(allow_get(), json!({"app": "reviews"}));
    assert_eq!(policies(&compiled(vec![matching])), ["allow-get"]);
    let more = selecting(allow_get(), json!({"app": "reviews", "version": "v1"}));
    assert_eq!(compiled(vec![more]).authz, None);
    let empty = selecting(allow_get(), json!({}));
    assert_eq!(policies(&compiled(vec![empty])), ["allow-get"]);
}

#[test]
fn a2_a_selector_in_the_root_namespace_selects_too() {
    let other = in_namespace(
        selecting(allow_get(), json!({"app": "ratings"})),
        "istio-system",
    );
    assert_eq!(compiled(vec![other]).authz, None);
}

#[test]
fn a_selector_with_a_wildcard_is_refused() {
    for kind in [allow_get(), authentication("a", &["b"])] {
        let error = error(selecting(kind, json!({"app": "rev*"})));
        assert_eq!(error.pointer, "/spec/selector/matchLabels");
    }
}

#[test]
fn target_references_are_refused_by_name() {
    for (kind, field) in [
        ("RequestAuthentication", "targetRef"),
        ("RequestAuthentication", "targetRefs"),
        ("AuthorizationPolicy", "targetRefs"),
    ] {
        let error = error(document(kind, "x", json!({field: []})));
        assert_eq!(error.pointer, format!("/spec/{field}"));
        assert!(error.message.contains("not supported yet"), "{error}");
    }
}

#[test]
fn a3_a_policy_without_spec_denies_everything() {
    let mut document = allow_get();
    document.as_object_mut().unwrap().remove("spec");
    let plugins = compiled(vec![document]);
    assert!(plugins.authz.unwrap().policies[0].rules.is_empty());
}

#[test]
fn policies_keep_their_name_and_namespace() {
    let plugins = compiled(vec![in_namespace(allow_get(), "istio-system")]);
    let policy = &plugins.authz.unwrap().policies[0];
    assert_eq!(
        (policy.namespace.as_str(), policy.name.as_str()),
        ("istio-system", "allow-get")
    );
}

#[test]
fn a_bad_key_set_is_named_in_its_own_resource() {
    let bad = document(
        "RequestAuthentication",
        "bad",
        json!({"jwtRules": [{"issuer": "a", "jwks": JWKS}, {"issuer": "b", "jwks": "{"}]}),
    );
    let found = try_compile(vec![authentication("good", &["z"]), bad]).unwrap_err();
    assert_eq!(found[0].index, Some(1));
    assert_eq!(found[0].error.pointer, "/spec/jwtRules/1/jwks");
    assert!(found[0].resource.ends_with("RequestAuthentication `bad`"));
}

#[test]
fn a_bad_rule_is_named_in_its_own_resource() {
    let bad = document(
        "AuthorizationPolicy",
        "bad",
        json!({"rules": [{}, {"from": [{"source": {"ipBlocks": ["1.2.3.4", "nonsense"]}}]}]}),
    );
    let found = try_compile(vec![allow_get(), bad]).unwrap_err();
    assert_eq!(found[0].index, Some(1));
    assert!(
        found[0]
            .error
            .pointer
            .starts_with("/spec/rules/1/from/0/source/ipBlocks"),
        "{}",
        found[0]
    );
}

#[test]
fn a_policy_for_another_workload_must_be_in_order_too() {
    let bad = document(
        "RequestAuthentication",
        "bad",
        json!({"jwtRules": [{"issuer": "b", "jwks": "{"}]}),
    );
    assert_eq!(
        error(in_namespace(bad, "other")).pointer,
        "/spec/jwtRules/0/jwks"
    );
}
