//! apiVersion, kind, metadata.

use super::*;

fn policy() -> Value {
    document("AuthorizationPolicy", "p", json!({}))
}

fn with(pointer: &str, value: Value) -> Value {
    let mut policy = policy();
    *policy.pointer_mut(pointer).unwrap() = value;
    policy
}

#[test]
fn every_version_of_every_kind_is_accepted() {
    for (kind, group, versions, spec) in [
        (
            "RequestAuthentication",
            "security.istio.io",
            &["v1beta1", "v1"][..],
            json!({}),
        ),
        (
            "AuthorizationPolicy",
            "security.istio.io",
            &["v1beta1", "v1"],
            json!({}),
        ),
        (
            "VirtualService",
            "networking.istio.io",
            &["v1alpha3", "v1beta1", "v1"],
            json!({"hosts": ["x"], "http": [{"route": [{"destination": {"host": "ratings"}}]}]}),
        ),
        (
            "DestinationRule",
            "networking.istio.io",
            &["v1alpha3", "v1beta1", "v1"],
            json!({"host": "ratings"}),
        ),
    ] {
        for version in versions {
            let mut document = document(kind, "x", spec.clone());
            document["apiVersion"] = format!("{group}/{version}").into();
            compiled(vec![document]);
        }
    }
}

#[test]
fn a_version_the_kind_does_not_have_names_those_it_has() {
    for version in [
        "networking.istio.io/v1",
        "security.istio.io/v1alpha3",
        "security.istio.io",
        "v1",
    ] {
        let error = error(with("/apiVersion", version.into()));
        assert_eq!(error.pointer, "/apiVersion");
        assert!(
            error
                .message
                .ends_with("expected one of security.istio.io/v1beta1, security.istio.io/v1"),
            "{error}"
        );
    }
}

#[test]
fn an_unknown_kind_names_the_known_ones() {
    let error = error(with("/kind", "Gateway".into()));
    assert_eq!(error.pointer, "/kind");
    assert!(
        error.message.contains(
            "`Gateway` is not supported; expected one of RequestAuthentication, AuthorizationPolicy"
        ),
        "{error}"
    );
}

#[test]
fn a_name_is_required() {
    let mut nameless = policy();
    nameless["metadata"] = json!({});
    let error_text = errors(vec![nameless]);
    assert!(
        error_text[0].contains("at /metadata: missing field `name`"),
        "{error_text:?}"
    );
    assert_eq!(
        error(with("/metadata/name", "".into())).pointer,
        "/metadata/name"
    );
}

#[test]
fn what_kubernetes_adds_is_accepted_and_what_nobody_knows_is_not() {
    let exported = json!({"name": "p", "labels": {"a": "b"}, "annotations": {"c": "d"}, "uid": "1", "resourceVersion": "2",
        "generation": 3, "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": []});
    let mut document = with("/metadata", exported);
    document["status"] = json!({"conditions": []});
    compiled(vec![document]);
    assert_eq!(
        error(with("/metadata", json!({"name": "p", "namespce": "x"}))).pointer,
        "/metadata/namespce"
    );
}

#[test]
fn a9_a_dry_run_is_refused_by_name() {
    for value in ["true", "1", "T", "yes"] {
        let metadata = json!({"name": "p", "annotations": {"istio.io/dry-run": value}});
        let error = error(with("/metadata", metadata));
        assert_eq!(error.pointer, "/metadata/annotations/istio.io~1dry-run");
        assert!(error.message.contains("not supported yet"), "{error}");
    }
    compiled(vec![with(
        "/metadata",
        json!({"name": "p", "annotations": {"istio.io/dry-run": "false"}}),
    )]);
}

#[test]
fn an_error_names_label_kind_and_name() {
    let found = try_compile(vec![
        policy(),
        document("AuthorizationPolicy", "q", json!({"provider": {}})),
    ])
    .unwrap_err();
    assert_eq!(found[0].index, Some(1));
    assert!(found[0].to_string().starts_with(
        "mesh.yaml: AuthorizationPolicy `q`: at /spec/provider: this field is not supported yet"
    ));
}

#[test]
fn all_errors_are_reported_in_document_order() {
    let bad_route = document("VirtualService", "v", json!({"hosts": ["x"], "http": []}));
    let found = errors(vec![
        bad_route,
        with("/kind", "X".into()),
        document("RequestAuthentication", "r", json!({"jwtRule": []})),
    ]);
    assert_eq!(found.len(), 3);
    assert!(
        found[0].contains("VirtualService `v`") && found[2].contains("unknown field `jwtRule`"),
        "{found:?}"
    );
}

#[test]
fn two_resources_of_one_name_are_refused() {
    assert!(
        errors(vec![policy(), policy()])[0]
            .contains("another resource of this kind, namespace and name")
    );
    compiled(vec![policy(), in_namespace(policy(), "other")]);
}

#[test]
fn a_document_that_is_no_object_is_refused() {
    assert!(errors(vec![json!(null)])[0].starts_with("mesh.yaml: "));
    assert!(!errors(vec![json!([1])]).is_empty());
}
