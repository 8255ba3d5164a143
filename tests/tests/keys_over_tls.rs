//! `jwt-auth` in a real Envoy fetches keys over TLS, from a server whose certificate is verified: by one fetch for all who wait, on
//! several workers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use host_runner::envoy::{BootstrapOptions, Envoy, EnvoyOptions, bootstrap};
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Protocol, Route};
use host_runner::scenario::client::{ClientRequest, Response, send};
use host_runner::subject::Subject as _;
use host_runner::token::{SigningKey, mint};
use host_runner::upstream::{Reply, Upstream};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::{build_modules, root};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
const TLS: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3";

/// Requests at once, on that many workers.
const REQUESTS: usize = 200;
const WORKERS: u32 = 2;

#[test]
fn all_who_wait_get_the_keys_of_one_fetch_from_the_server_with_the_right_certificate() {
    let runtime = Runtime::new().unwrap();
    let issuer = Issuer::start(&runtime);
    let envoy = issuer.envoy("joe.example");
    let address = envoy.address("jwt").unwrap();
    let responses = runtime.block_on(at_once(address, &request()));
    assert!(
        responses.iter().all(|response| response.status == 200),
        "{:?}",
        responses.first()
    );
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn keys_from_somebody_else_are_no_keys() {
    let runtime = Runtime::new().unwrap();
    let issuer = Issuer::start(&runtime);
    let envoy = issuer.envoy("mallory.example");
    let address = envoy.address("jwt").unwrap();
    let response = runtime.block_on(send(address, request())).unwrap();
    assert_eq!(response.status, 401);
    assert_eq!(response.body, b"Jwks remote fetch is failed");
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 0);
}

/// A key server, and an upstream that lets through.
struct Issuer {
    keys: Upstream,
    upstream: Upstream,
    asked: Arc<AtomicUsize>,
}

// === impl Issuer ===

impl Issuer {
    fn start(runtime: &Runtime) -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let jwks = json!({"keys": [key().to_jwk("joe").unwrap()]}).to_string();
        let answer = move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            // Long enough for all to come meanwhile.
            Reply::new(StatusCode::OK, jwks.clone()).after(Duration::from_secs(1))
        };
        let keys = Upstream::start("keys", ANY, Arc::new(answer));
        let fine = |_| Reply::new(StatusCode::OK, "");
        let upstream = Upstream::start("upstream", ANY, Arc::new(fine));
        Self {
            keys: runtime.block_on(keys).unwrap(),
            upstream: runtime.block_on(upstream).unwrap(),
            asked,
        }
    }

    /// With TLS before the key server, which is expected to be `name`.
    fn envoy(&self, name: &str) -> Envoy {
        let terminator = unused_address();
        let listeners = [self.filtered(terminator), self.terminator(terminator)];
        let options = BootstrapOptions {
            admin: Some(ANY),
            modules: None,
        };
        let mut document = bootstrap(&listeners, &options);
        let chain = document.pointer_mut("/static_resources/listeners/1/filter_chains/0");
        insert(chain.unwrap(), "transport_socket", server_tls());
        let clusters = document.pointer_mut("/static_resources/clusters").unwrap();
        let clusters = clusters.as_array_mut().unwrap().iter_mut();
        let is_keys = |cluster: &&mut Value| cluster.get("name") == Some(&json!("keys"));
        let keys = clusters.into_iter().find(is_keys).unwrap();
        insert(keys, "transport_socket", client_tls(name));
        let options = EnvoyOptions {
            concurrency: WORKERS,
            ..EnvoyOptions::default()
        };
        Envoy::run(&document, &options).unwrap()
    }

    fn filtered(&self, keys: SocketAddr) -> Listener {
        let module = build_modules().unwrap().join("jwt-auth.wasm");
        let module = ModuleFile::read(&module).unwrap();
        let rule =
            json!({"issuer": "joe", "jwksUri": "https://joe.example/keys", "jwksCluster": "keys"});
        let configuration = json!({"jwtRules": [rule]}).to_string();
        Listener {
            name: "jwt".to_owned(),
            plugins: vec![Plugin::new("jwt", module, configuration)],
            routes: vec![to("upstream")],
            clusters: vec![
                Cluster::new("upstream", self.upstream.address()),
                Cluster::new("keys", keys),
            ],
            ..Listener::default()
        }
    }

    fn terminator(&self, address: SocketAddr) -> Listener {
        Listener {
            name: "tls".to_owned(),
            address,
            protocol: Protocol::Tcp,
            routes: vec![to("plain")],
            clusters: vec![Cluster::new("plain", self.keys.address())],
            ..Listener::default()
        }
    }
}

fn to(cluster: &str) -> Route {
    Route {
        name: String::new(),
        state: None,
        cluster: cluster.to_owned(),
    }
}

// Nobody listens there any more.
fn unused_address() -> SocketAddr {
    TcpListener::bind(ANY).unwrap().local_addr().unwrap()
}

fn insert(value: &mut Value, name: &str, member: Value) {
    value
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), member);
}

fn file(name: &str) -> Value {
    json!({ "filename": root().join("tests/keys").join(name) })
}

fn server_tls() -> Value {
    let certificate =
        json!({"certificate_chain": file("tls.cert.pem"), "private_key": file("tls.key.pem")});
    json!({"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": format!("{TLS}.DownstreamTlsContext"),
        "common_tls_context": {"tls_certificates": [certificate]},
    }})
}

fn client_tls(name: &str) -> Value {
    json!({"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": format!("{TLS}.UpstreamTlsContext"),
        "sni": name,
        "common_tls_context": {"validation_context": {
            "trusted_ca": file("tls.cert.pem"),
            "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}],
        }},
    }})
}

fn key() -> SigningKey {
    SigningKey::read_pem(&root().join("tests/keys/p256.pem")).unwrap()
}

fn request() -> ClientRequest {
    let claims = json!({"iss": "joe"});
    let token = mint(&key(), &serde_json::Map::new(), claims.as_object().unwrap()).unwrap();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    ClientRequest::get("/").header(HeaderName::from_static("authorization"), value)
}

async fn at_once(address: SocketAddr, request: &ClientRequest) -> Vec<Response> {
    let mut sending = JoinSet::new();
    for _ in 0..REQUESTS {
        sending.spawn(send(address, request.clone()));
    }
    let responses = sending.join_all().await;
    responses.into_iter().map(Result::unwrap).collect()
}
