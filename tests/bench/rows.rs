//! What is measured: one listener per row, all in one Envoy, all answering directly.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use host_runner::envoy::{BootstrapOptions, bootstrap as envoy_bootstrap};
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Route};
use host_runner::token::SigningKey;
use serde_json::{Value, json};

use crate::token;

const FLOOR: &str = "no-filter";
const V1: &str = "outbound||v1|reviews";
const V2: &str = "outbound||v2|reviews";
pub(crate) const HTTP_FILTERS: &str = "type.googleapis.com/envoy.extensions.filters.http";

/// One configuration under load.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The row without filters whose cost is none of this one's: with the same tokens, which a connection compresses.
    pub(crate) floor: &'static str,
    /// The row that it is compared with: Envoy's own filter that means the same.
    pub(crate) reference: Option<&'static str>,
    /// What the ratio to that must be at most, where it must be something.
    pub(crate) target: Option<Target>,
    /// One for each request, over and over.
    pub(crate) tokens: Arc<[String]>,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) native: Vec<Value>,
    pub(crate) routes: Routes,
}

/// What a row must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// Of what it adds to no filter.
    Added(f64),
    /// Of the whole request.
    Whole(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes {
    One,
    ByState,
    ByHeader,
}

// === impl Row ===

impl Row {
    /// Without filters and tokens.
    pub(crate) fn plain(name: &'static str) -> Self {
        Self {
            name,
            floor: FLOOR,
            reference: None,
            target: None,
            tokens: [String::new()].into(),
            plugins: Vec::new(),
            native: Vec::new(),
            routes: Routes::One,
        }
    }

    pub(crate) fn plugins(self, plugins: impl IntoIterator<Item = Plugin>) -> Self {
        let plugins = plugins.into_iter().collect();
        Self { plugins, ..self }
    }

    pub(crate) fn native(self, native: Vec<Value>) -> Self {
        Self { native, ..self }
    }

    pub(crate) fn tokens(self, tokens: &Arc<[String]>) -> Self {
        let tokens = Arc::clone(tokens);
        Self { tokens, ..self }
    }

    pub(crate) fn over(self, floor: &'static str) -> Self {
        Self { floor, ..self }
    }

    pub(crate) fn against(self, reference: &'static str, target: Option<Target>) -> Self {
        Self {
            reference: Some(reference),
            target,
            ..self
        }
    }
}

/// All rows, in the order of the table.
pub(crate) fn rows(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let key = SigningKey::read_pem(Path::new("tests/keys/rsa.pem"))?;
    let jwks = json!({"keys": [key.to_jwk(token::KEY_ID)?]}).to_string();
    let tokens: Arc<[String]> = [token::mint(&key, 0)?].into();
    let row = |name, reference, modules: &[&str], native: &[&str], routes| {
        let plugins = modules
            .iter()
            .map(|module| plugin(name, &folder.join(format!("{module}.wasm")), &jwks));
        Ok::<_, anyhow::Error>(Row {
            name,
            floor: FLOOR,
            reference,
            target: None,
            tokens: Arc::clone(&tokens),
            plugins: plugins.collect::<anyhow::Result<_>>()?,
            native: native
                .iter()
                .map(|filter| native_filter(filter, &jwks))
                .collect(),
            routes,
        })
    };
    Ok(vec![
        row("no-filter", None, &[], &[], Routes::One)?,
        row("empty", None, &["empty"], &[], Routes::One)?,
        row(
            "jwt-auth",
            Some("native-jwt_authn"),
            &["jwt-auth"],
            &[],
            Routes::One,
        )?,
        row("native-jwt_authn", None, &[], &["jwt_authn"], Routes::One)?,
        row("authz", Some("native-rbac"), &["authz"], &[], Routes::One)?,
        row("native-rbac", None, &[], &["rbac"], Routes::One)?,
        row(
            "ab-router",
            Some("native-routes"),
            &["ab-router"],
            &[],
            Routes::ByState,
        )?,
        row("native-routes", None, &[], &[], Routes::ByHeader)?,
        row(
            "all-three",
            Some("native-all"),
            &["jwt-auth", "authz", "ab-router"],
            &[],
            Routes::ByState,
        )?,
        row(
            "native-all",
            None,
            &[],
            &["jwt_authn", "rbac"],
            Routes::ByHeader,
        )?,
    ])
}

/// What the SDK costs, in chains of eight: each of its modules beside the same filter on the proxy-wasm crate alone.
const SDK: [(&str, &str, f64); 3] = [
    ("empty", "plain-empty", 0.7),
    ("sdk-one-header", "plain-one-header", 0.8),
    ("sdk-all-headers", "plain-all-headers", 0.8),
];

/// Filters of one chain of [`sdk`].
pub(crate) const CHAIN: usize = 8;

/// The rows of `make bench-sdk`.
pub(crate) fn sdk(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let chain = |name: &str| {
        let module = ModuleFile::read(&folder.join(format!("{name}.wasm")))?;
        let plugin =
            |number| Plugin::new(format!("{name}/{number}"), module.clone(), String::new());
        Ok::<_, anyhow::Error>((0..CHAIN).map(plugin).collect::<Vec<_>>())
    };
    let mut rows = vec![Row::plain("no-filter")];
    for (ours, plain, target) in SDK {
        let target = Some(Target::Added(target));
        rows.push(
            Row::plain(ours)
                .plugins(chain(ours)?)
                .against(plain, target),
        );
        rows.push(Row::plain(plain).plugins(chain(plain)?));
    }
    Ok(rows)
}

/// One Envoy with a listener per row. Clusters are replaced by direct responses: the router's own work is not measured.
pub(crate) fn bootstrap(rows: &[Row]) -> anyhow::Result<Value> {
    let listeners: Vec<Listener> = rows.iter().map(listener).collect();
    let options = BootstrapOptions {
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        modules: None,
    };
    let mut document = envoy_bootstrap(&listeners, &options);
    for (index, row) in rows.iter().enumerate() {
        let place =
            format!("/static_resources/listeners/{index}/filter_chains/0/filters/0/typed_config");
        adapt(
            document
                .pointer_mut(&place)
                .context("a connection manager")?,
            row,
        )?;
    }
    Ok(document)
}

fn listener(row: &Row) -> Listener {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let route = |value: &str| Route {
        name: String::new(),
        state: Some(("meshwright.destination".to_owned(), value.to_owned())),
        cluster: "upstream".to_owned(),
    };
    let any = Route {
        name: String::new(),
        state: None,
        cluster: "upstream".to_owned(),
    };
    Listener {
        name: row.name.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        plugins: row.plugins.clone(),
        routes: if row.routes == Routes::ByState {
            vec![route(V2), route(V1)]
        } else {
            vec![any]
        },
        clusters: vec![Cluster::new("upstream", nowhere)],
        ..Listener::default()
    }
}

fn adapt(manager: &mut Value, row: &Row) -> anyhow::Result<()> {
    let filters = manager
        .pointer_mut("/http_filters")
        .and_then(Value::as_array_mut)
        .context("filters")?;
    filters.splice(0..0, row.native.iter().cloned());
    let routes = manager
        .pointer_mut("/route_config/virtual_hosts/0/routes")
        .and_then(Value::as_array_mut);
    let routes = routes.context("routes")?;
    if row.routes == Routes::ByHeader {
        let jason = json!({"prefix": "/", "headers": [{"name": "end-user", "string_match": {"exact": "jason"}}]});
        routes.insert(0, json!({ "match": jason }));
    }
    for route in routes.iter_mut().filter_map(Value::as_object_mut) {
        route.remove("route");
        route.insert("direct_response".to_owned(), json!({"status": 200}));
    }
    Ok(())
}

fn plugin(row: &str, module: &Path, jwks: &str) -> anyhow::Result<Plugin> {
    let module = ModuleFile::read(module)?;
    let configuration = match module.name.as_str() {
        "jwt-auth" => {
            json!({"jwtRules": [{"issuer": token::ISSUER, "jwks": jwks, "forwardOriginalToken": true}]})
        }
        "authz" => json!({"policies": [{"name": "allow-get", "namespace": "default", "rules": [
            {"to": [{"operation": {"methods": ["GET"], "paths": ["/reviews/*"]}}]}
        ]}]}),
        "ab-router" => {
            json!({"virtualServices": [{"name": "reviews", "namespace": "default", "hosts": ["reviews"], "http": [
                {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [{"destination": {"host": "reviews", "subset": "v2"}}]},
                {"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}
            ]}]})
        }
        _ => json!({}),
    };
    let name = format!("{row}/{}", module.name);
    Ok(Plugin::new(name, module, configuration.to_string()))
}

// The same policies, in Envoy's words.
fn native_filter(name: &str, jwks: &str) -> Value {
    match name {
        "jwt_authn" => json!({"name": name, "typed_config": {
            "@type": format!("{HTTP_FILTERS}.jwt_authn.v3.JwtAuthentication"),
            "providers": {"bench": {"issuer": token::ISSUER, "forward": true, "payload_in_metadata": "payload",
                "local_jwks": {"inline_string": jwks}}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
                {"provider_name": "bench"}, {"allow_missing": {}}]}}}],
            "bypass_cors_preflight": true,
        }}),
        _ => json!({"name": name, "typed_config": {
            "@type": format!("{HTTP_FILTERS}.rbac.v3.RBAC"),
            "rules": {"action": "ALLOW", "policies": {"ns[default]-policy[allow-get]-rule[0]": {
                "principals": [{"any": true}],
                "permissions": [{"and_rules": {"rules": [
                    {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
                    {"url_path": {"path": {"prefix": "/reviews/"}}}
                ]}}],
            }}},
        }}),
    }
}
