use meshwright_core::{RequestHead, Verdict};
use policy_routing::Router;
use serde_json::{Value, json};

use super::*;

mod destinations;
mod envelope;
mod policies;
mod routes;

/// The key pair does not matter here; this is the public half of some P-256 key.
const JWKS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

fn document(kind: &str, name: &str, spec: Value) -> Value {
    let version = match kind {
        "VirtualService" | "DestinationRule" => "networking.istio.io/v1alpha3",
        _ => "security.istio.io/v1beta1",
    };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn in_namespace(mut document: Value, namespace: &str) -> Value {
    document["metadata"]["namespace"] = namespace.into();
    document
}

fn services() -> Vec<Service> {
    let subsets = vec!["v1".to_owned(), "v2".to_owned()];
    vec![
        Service {
            port: Some(9080),
            subsets,
            ..Service::new("reviews", "default")
        },
        Service::new("ratings", "default"),
    ]
}

fn workload() -> Workload {
    let labels = [("app".to_owned(), "reviews".to_owned())].into();
    Workload {
        labels,
        ..Workload::default()
    }
}

fn try_compile(documents: Vec<Value>) -> Result<PluginConfigs, Vec<ResourceError>> {
    let resources: Vec<Resource> = documents
        .into_iter()
        .map(|document| Resource::new("mesh.yaml", document))
        .collect();
    compile(&resources, &services(), &workload())
}

fn compiled(documents: Vec<Value>) -> PluginConfigs {
    try_compile(documents).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn errors(documents: Vec<Value>) -> Vec<String> {
    let errors = try_compile(documents).expect_err("the documents should be refused");
    errors.iter().map(ToString::to_string).collect()
}

/// The one error of one document.
fn error(document: Value) -> meshwright_core::ConfigError {
    let found = try_compile(vec![document]).expect_err("the document should be refused");
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].error.clone()
}

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
