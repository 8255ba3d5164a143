//! Rules A1, A3, A4, A6 and A7: how policies and rules combine, and what the client gets.

use meshwright_core::LocalReply;

use super::*;

fn named(name: &str, action: &str, rules: &Value) -> Value {
    json!({"name": name, "namespace": "default", "action": action, "rules": rules})
}

fn method(method: &str) -> Value {
    json!({"to": [{"operation": {"methods": [method]}}]})
}

fn reply(ask: &Ask, authorizer: &Authorizer) -> LocalReply {
    let Verdict::Deny { reply, .. } = ask.judged_by(authorizer) else {
        panic!("it was allowed")
    };
    reply
}

#[test]
fn no_policy_at_all_allows() {
    assert_eq!(get().reason(&policies(&json!([]))), "authz.no_policy");
}

#[test]
fn deny_policies_alone_allow_the_rest() {
    let authorizer = policy("DENY", &method("POST"));
    assert_eq!(get().reason(&authorizer), "authz.no_policy");
    assert_eq!(
        ask("POST", "/").reason(&authorizer),
        "authz.denied_by_rule by ns[default]-policy[p]-rule[0]"
    );
}

#[test]
fn allow_policies_deny_what_they_do_not_name() {
    let authorizer = allow(&method("GET"));
    assert_eq!(
        get().reason(&authorizer),
        "authz.allowed by ns[default]-policy[p]-rule[0]"
    );
    assert_eq!(ask("POST", "/").reason(&authorizer), "authz.no_allow_rule");
}

#[test]
fn deny_is_decided_before_allow() {
    let both = [
        named("a", "ALLOW", &json!([{}])),
        named("b", "DENY", &json!([{}])),
    ];
    assert_eq!(
        get().reason(&policies(&json!(both))),
        "authz.denied_by_rule by ns[default]-policy[b]-rule[0]"
    );
}

#[test]
fn one_matching_allow_policy_is_enough() {
    let two = policies(&json!([
        named("a", "ALLOW", &json!([method("PUT")])),
        named("b", "ALLOW", &json!([method("GET")]))
    ]));
    assert_eq!(
        get().reason(&two),
        "authz.allowed by ns[default]-policy[b]-rule[0]"
    );
}

#[test]
fn allow_policy_without_rules_denies_all() {
    for nothing in [
        json!([{"name": "p", "namespace": "d"}]),
        json!([{"name": "p", "namespace": "d", "rules": []}]),
    ] {
        assert_eq!(get().reason(&policies(&nothing)), "authz.no_allow_rule");
    }
}

#[test]
fn allow_policy_without_rules_takes_nothing_from_its_neighbour() {
    let two =
        json!([{"name": "none", "namespace": "d"}, named("get", "ALLOW", &json!([method("GET")]))]);
    assert!(get().passes(&policies(&two)) && !ask("PUT", "/").passes(&policies(&two)));
}

#[test]
fn empty_rule_matches_everything() {
    assert!(get().passes(&allow(&json!({}))));
    assert!(!get().passes(&policy("DENY", &json!({}))));
}

#[test]
fn action_is_allow_when_absent() {
    let authorizer = policies(&json!([{"name": "p", "namespace": "d", "rules": [method("GET")]}]));
    assert!(get().passes(&authorizer) && !ask("PUT", "/").passes(&authorizer));
}

#[test]
fn any_rule_of_a_policy_will_do() {
    let authorizer = policies(&json!([named(
        "p",
        "ALLOW",
        &json!([method("GET"), method("PUT")])
    )]));
    assert_eq!(
        ask("PUT", "/").reason(&authorizer),
        "authz.allowed by ns[default]-policy[p]-rule[1]"
    );
}

#[test]
fn from_and_to_and_when_must_all_match() {
    let authorizer = allow(&json!({
        "from": [{"source": {"ipBlocks": ["10.0.0.0/8"]}}],
        "to": [{"operation": {"methods": ["GET"]}}],
        "when": [{"key": "request.headers[x]", "values": ["a"]}, {"key": "request.headers[y]", "values": ["b"]}]
    }));
    let good = get().header("x", "a").header("y", "b");
    assert!(good.passes(&authorizer));
    assert!(!get().header("x", "a").passes(&authorizer));
    assert!(
        !ask("PUT", "/")
            .header("x", "a")
            .header("y", "b")
            .passes(&authorizer)
    );
    assert!(
        !good
            .on(|c| c.source_ip = Some(ip("192.0.2.1")))
            .passes(&authorizer)
    );
}

#[test]
fn entries_of_from_and_of_to_are_alternatives() {
    let authorizer = allow(&json!({
        "from": [{"source": {"ipBlocks": ["192.0.2.1"]}}, {"source": {"ipBlocks": ["10.0.0.1"]}}],
        "to": [{"operation": {"methods": ["PUT"]}}, {"operation": {"methods": ["GET"]}}]
    }));
    assert!(get().passes(&authorizer) && !ask("POST", "/").passes(&authorizer));
}

#[test]
fn fields_of_one_source_must_all_match() {
    let authorizer = source(&json!({"ipBlocks": ["10.0.0.1"], "remoteIpBlocks": ["192.0.2.1"]}));
    assert!(!get().passes(&authorizer));
    assert!(
        get()
            .on(|c| c.remote_ip = Some(ip("192.0.2.1")))
            .passes(&authorizer)
    );
}

#[test]
fn fields_of_one_operation_must_all_match() {
    let authorizer = operation(&json!({"methods": ["GET"], "paths": ["/a"]}));
    assert!(ask("GET", "/a").passes(&authorizer));
    assert!(!ask("GET", "/b").passes(&authorizer) && !ask("PUT", "/a").passes(&authorizer));
}

#[test]
fn values_are_alternatives_and_not_values_are_none_of_them() {
    let authorizer = operation(&json!({"methods": ["GET", "HEAD"], "notPaths": ["/a", "/b"]}));
    assert!(ask("HEAD", "/c").passes(&authorizer));
    assert!(!ask("HEAD", "/a").passes(&authorizer) && !ask("GET", "/b").passes(&authorizer));
}

#[test]
fn field_and_its_negation_may_both_be_set() {
    let authorizer = operation(&json!({"paths": ["/a*"], "notPaths": ["/ab*"]}));
    assert!(ask("GET", "/ac").passes(&authorizer) && !ask("GET", "/abc").passes(&authorizer));
}

#[test]
fn first_match_is_the_first_in_the_order_of_ids() {
    let rules: Vec<Value> = (0..11)
        .map(|i| if i < 2 { method("PUT") } else { json!({}) })
        .collect();
    let authorizer = policies(&json!([
        named("z", "DENY", &json!([{}])),
        named("p", "DENY", &json!(rules))
    ]));
    assert_eq!(
        get().reason(&authorizer),
        "authz.denied_by_rule by ns[default]-policy[p]-rule[10]"
    );
}

#[test]
fn denied_by_rule_names_the_rule_in_the_details() {
    let reply = reply(&get(), &policy("DENY", &json!({})));
    assert_eq!(
        reply.details,
        "rbac_access_denied_matched_policy[ns[default]-policy[p]-rule[0]]"
    );
}

#[test]
fn denied_by_no_rule_has_none_in_the_details() {
    let reply = reply(&ask("PUT", "/"), &allow(&method("GET")));
    assert_eq!(reply.details, "rbac_access_denied_matched_policy[none]");
}

#[test]
fn reply_is_exactly_what_envoy_sends() {
    let reply = reply(&ask("PUT", "/"), &allow(&method("GET")));
    assert_eq!((reply.status, reply.body.len()), (403, 19));
    assert_eq!(reply.body, b"RBAC: access denied");
    assert!(reply.headers.is_empty());
}

#[test]
fn allowed_request_goes_on_unchanged() {
    let Verdict::Continue { effects, .. } = get().judged_by(&allow(&json!({}))) else {
        panic!("it was denied")
    };
    assert!(effects.is_empty());
}

#[test]
fn deny_rule_that_cannot_be_judged_denies() {
    let authorizer = policy(
        "DENY",
        &json!({"when": [{"key": "request.auth.claims[role]", "values": ["bad"]}]}),
    );
    for claims in [json!([]), json!("text"), json!(1), json!(null)] {
        let ask = get().claims(claims);
        assert_eq!(
            ask.reason(&authorizer),
            "authz.cannot_evaluate by ns[default]-policy[p]-rule[0]"
        );
        assert!(!ask.passes(&authorizer));
    }
}

#[test]
fn allow_rule_that_cannot_be_judged_allows_nothing_even_negated() {
    let unknown = get().on(|c| c.source_ip = None);
    for field in ["ipBlocks", "notIpBlocks"] {
        let authorizer = source(&json!({field: ["192.0.2.0/24"]}));
        assert_eq!(
            unknown.reason(&authorizer),
            "authz.cannot_evaluate by ns[default]-policy[p]-rule[0]"
        );
        assert!(!unknown.passes(&authorizer));
    }
}

#[test]
fn unknown_input_is_harmless_where_the_rest_decides() {
    let rule = json!({"from": [{"source": {"ipBlocks": ["192.0.2.0/24"]}}], "to": [{"operation": {"methods": ["PUT"]}}]});
    assert!(
        get()
            .on(|c| c.source_ip = None)
            .passes(&policy("DENY", &rule))
    );
    assert!(get().claims(json!([])).passes(&allow(&method("GET"))));
}

#[test]
fn rule_that_matches_outweighs_one_that_cannot_be_judged() {
    let rules = json!([{"when": [{"key": "source.ip", "values": ["10.0.0.1"]}]}, method("GET")]);
    let ask = get().on(|c| c.source_ip = None);
    assert_eq!(
        ask.reason(&policies(&json!([named("p", "ALLOW", &rules)]))),
        "authz.allowed by ns[default]-policy[p]-rule[1]"
    );
    assert_eq!(
        ask.reason(&policies(&json!([named("p", "DENY", &rules)]))),
        "authz.denied_by_rule by ns[default]-policy[p]-rule[1]"
    );
}
