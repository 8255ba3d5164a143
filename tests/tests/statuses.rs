//! Every status on every hostcall of every filter: whatever a host answers, no filter traps, and none lets pass what it
//! could not judge.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use host_runner::inspect::inspect;
use host_runner::listener::{ModuleFile, Plugin};
use host_runner::scenario::client::ClientRequest;
use host_runner::testing::{FaultPlan, Reply, TestHost};
use host_runner::token::{SigningKey, mint};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::{build_modules, root, sdk_filters};
use serde_json::{Value, json};

/// Those that the specification has, the first that it has not, and two that no host should send.
const STATUSES: [u32; 16] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    0x7fff_ffff,
    0xffff_ffff,
];

const PLUGIN: &str = "filter";

#[test]
fn no_status_of_any_hostcall_traps_a_filter() {
    let mut cases = 0;
    for plugin in plugins() {
        for hostcall in hostcalls(&plugin.module) {
            for status in STATUSES {
                serves(&plugin, FaultPlan::new().status(&hostcall, status));
                starts(&plugin, &hostcall, status);
                cases += 2;
            }
        }
    }
    println!("{cases} cases, 0 traps");
}

#[test]
fn no_callback_within_a_hostcall_traps_a_filter() {
    for plugin in plugins() {
        serves(&plugin, FaultPlan::new().re_entrant());
        // With a reason to reply of its own.
        for hostcall in hostcalls(&plugin.module) {
            let refused = FaultPlan::new().status(&hostcall, 2);
            serves(&plugin, refused.re_entrant());
        }
    }
}

// Otherwise the test above would show nothing: the standard SDK's dispatcher is borrowed while a callback runs.
#[test]
fn a_filter_of_the_proxy_wasm_crate_traps_in_a_callback_within_a_hostcall() {
    let module = build_modules().unwrap().join("rust-sdk-0-2.wasm");
    let plugin = Plugin::new(PLUGIN, ModuleFile::read(&module).unwrap(), "hello");
    let faults = FaultPlan::new().re_entrant();
    let mut host = host(&plugin).faults(faults).start().unwrap();
    host.send(&ClientRequest::get("/denied")).unwrap();
    let logs = host.logs(PLUGIN);
    assert!(logs.iter().any(|line| line.level == "critical"), "{logs:?}");
}

// It answers, and goes on to answer: an upstream's answer, or its own.
fn serves(plugin: &Plugin, faults: FaultPlan) {
    let which = format!("{} with {faults:?}", plugin.module.name);
    let mut host = host(plugin).faults(faults).start().unwrap();
    for request in requests() {
        // What cannot even be denied is held, until the client leaves.
        if let Ok(exchange) = host.begin(&request) {
            let _ = host.finish(exchange);
            host.leave(exchange);
        }
    }
    let logs = host.logs(PLUGIN);
    let trap = logs.iter().find(|line| line.level == "critical");
    assert!(trap.is_none(), "{which}: {trap:?}");
}

// It starts, or refuses to with a reason.
fn starts(plugin: &Plugin, hostcall: &str, status: u32) {
    let faults = FaultPlan::new().status_at_start(hostcall, status);
    if let Err(error) = host(plugin).faults(faults).start() {
        let error = format!("{error:#}");
        let name = &plugin.module.name;
        assert!(
            !error.contains("function `"),
            "{name} with {hostcall} {status}: {error}"
        );
    }
}

fn host(plugin: &Plugin) -> host_runner::testing::TestHostBuilder {
    TestHost::builder()
        .plugin(plugin.clone())
        .cluster("auth", |_| Reply::new(StatusCode::OK, "yes"))
        .cluster("lists", |_| Reply::new(StatusCode::OK, r#"["mallory"]"#))
        .cluster("upstream", |_| Reply::new(StatusCode::OK, r#"{"a": 1}"#))
}

// With headers, a token and bodies, so that every hostcall has a reason to be made.
fn requests() -> Vec<ClientRequest> {
    let header = |name: &'static str, value: &str| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    let token = mint(
        &key(),
        json!({"kid": "test"}).as_object().unwrap(),
        json!({"iss": "i"}).as_object().unwrap(),
    );
    let headers = vec![
        header("authorization", &format!("Bearer {}", token.unwrap())),
        header("content-type", "application/json"),
        header("user-agent", "test"),
    ];
    let with = |request: ClientRequest| ClientRequest {
        headers: headers.clone(),
        ..request
    };
    vec![
        with(ClientRequest::get("/books?page=1")),
        with(ClientRequest::post("/", r#"{"a": 1}"#)),
    ]
}

fn hostcalls(module: &ModuleFile) -> BTreeSet<String> {
    let imports = inspect(module).unwrap().imports.into_iter();
    let names = imports.map(|import| import.name);
    names.filter(|name| name.starts_with("proxy_")).collect()
}

fn key() -> SigningKey {
    SigningKey::read_pem(&root().join("tests/keys/rsa.pem")).unwrap()
}

fn plugins() -> Vec<Plugin> {
    let folder = build_modules().unwrap();
    let plugin = |(name, configuration): (String, Value)| {
        let module = ModuleFile::read(&folder.join(format!("{name}.wasm"))).unwrap();
        Plugin::new(PLUGIN, module, configuration.to_string())
    };
    filters().into_iter().map(plugin).collect()
}

// All that are written with the SDK, each with a configuration that makes it do something.
fn filters() -> Vec<(String, Value)> {
    let with_configuration = |name: String| {
        let configuration = match name.as_str() {
            "jwt-auth" => {
                let jwks = json!({"keys": [key().to_jwk("test").unwrap()]}).to_string();
                json!({"jwtRules": [
                    {"issuer": "i", "jwks": jwks, "outputPayloadToHeader": "x-payload"},
                    {"issuer": "i", "jwksUri": "https://i.example/keys", "jwksCluster": "auth"},
                ]})
            }
            "authz" => json!({"policies": [{"name": "p", "namespace": "n", "rules": [
                {"when": [{"key": "source.ip", "values": ["10.0.0.0/8"]}]},
                {"when": [{"key": "request.auth.claims[a]", "values": ["b"]}]},
            ]}]}),
            "ab-router" => {
                json!({"virtualServices": [{"name": "v", "namespace": "n", "hosts": ["*"], "http": [
                    {"route": [{"destination": {"host": "h"}}]}
                ]}]})
            }
            "ask-auth" => json!({"cluster": "auth", "path": "/"}),
            "block-path" => json!({"prefixes": ["/admin"]}),
            "rate-limit" => json!({"requests": 1, "seconds": 60}),
            "retry-call" => json!({"clusters": ["auth", "nobody", "auth"]}),
            "hedge-call" => json!({"clusters": ["auth", "nobody", "auth"], "milliseconds": 5}),
            "sign-response" => json!({"key": "c2VjcmV0", "key_id": "test"}),
            "shared-token" => json!({"cluster": "auth", "seconds": 60}),
            "ask-both" => json!({"milliseconds": 5}),
            "per-tenant" => {
                json!({"header": "user-agent", "tenants": {"test": {"set": {"x-a": "1"}}}})
            }
            "count-statuses" => json!({"sample": 1}),
            "add-header" => json!({"request": {"x-a": "1"}, "response": {"x-b": "2"}}),
            "limit-body" => {
                json!({"bytes": 9, "routes": {"a": {"bytes": 1}}, "hosts": {"*.a": {"bytes": 1}}})
            }
            "tarpit" => json!({"key": "secret", "milliseconds": 10}),
            "ask-quota" => json!({"cluster": "auth"}),
            "fetched-blocklist" => json!({"cluster": "lists"}),
            "tcp-gate" => json!({"begins_with": "PROXY "}),
            "rewrite-json" => json!({"field": "b", "value": 2}),
            _ => json!({}),
        };
        (name, configuration)
    };
    let names = sdk_filters().unwrap().into_iter();
    names
        // It traps whenever it finds its header, which is what it is for.
        .filter(|name| name != "trap")
        .map(with_configuration)
        .collect()
}
