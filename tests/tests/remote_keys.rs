//! Keys that `jwt-auth` fetches: by one fetch for all who wait, renewed in time, kept while nobody answers, and never a
//! reason to let an unverified token pass (rules J53-J57).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use host_runner::listener::{ModuleFile, Plugin};
use host_runner::scenario::client::{ClientRequest, Response};
use host_runner::testing::{Exchange, Fault, Reply, START, TestHost, TestHostBuilder};
use host_runner::token::{SigningKey, mint};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::{build_modules, root};
use serde_json::{Value, json};

const FETCH_FAILED: &[u8] = b"Jwks remote fetch is failed";
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// An issuer's server: what it answers now, and how often it was asked.
#[derive(Clone)]
struct KeyServer {
    reply: Arc<Mutex<Reply>>,
    asked: Arc<AtomicUsize>,
}

// === impl KeyServer ===

impl KeyServer {
    fn answering(reply: Reply) -> Self {
        Self {
            reply: Arc::new(Mutex::new(reply)),
            asked: Arc::default(),
        }
    }

    fn with_keys(names: &[&str]) -> Self {
        Self::answering(keys(names))
    }

    fn now_answers(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn host(&self) -> TestHostBuilder {
        let rule =
            json!({"issuer": "joe", "jwksUri": "https://joe.example/keys", "jwksCluster": "keys"});
        self.host_with(&json!({"jwtRules": [rule]}))
    }

    fn host_with(&self, configuration: &Value) -> TestHostBuilder {
        let server = self.clone();
        TestHost::builder()
            .plugin(plugin(configuration))
            .cluster("keys", move |_| {
                server.asked.fetch_add(1, Ordering::Relaxed);
                server.reply.lock().unwrap().clone()
            })
    }
}

fn plugin(configuration: &Value) -> Plugin {
    static MODULE: LazyLock<ModuleFile> = LazyLock::new(|| {
        let module = build_modules().unwrap().join("jwt-auth.wasm");
        ModuleFile::read(&module).unwrap()
    });
    Plugin::new("jwt", MODULE.clone(), configuration.to_string())
}

fn key(name: &str) -> SigningKey {
    SigningKey::read_pem(&root().join(format!("tests/keys/{name}.pem"))).unwrap()
}

// Each key's `kid` is the name of its file.
fn keys(names: &[&str]) -> Reply {
    let keys = names.iter().map(|name| key(name).to_jwk(name).unwrap());
    let keys: Vec<_> = keys.collect();
    Reply::new(StatusCode::OK, json!({"keys": keys}).to_string())
}

fn with_token(name: &str) -> ClientRequest {
    with_token_of("joe", name)
}

fn with_token_of(issuer: &str, name: &str) -> ClientRequest {
    with_claims(&json!({"iss": issuer}), name)
}

fn with_claims(claims: &Value, name: &str) -> ClientRequest {
    let header = json!({"kid": name});
    let token = mint(
        &key(name),
        header.as_object().unwrap(),
        claims.as_object().unwrap(),
    );
    let token = format!("Bearer {}", token.unwrap());
    ClientRequest {
        headers: vec![(
            HeaderName::from_static("authorization"),
            HeaderValue::from_str(&token).unwrap(),
        )],
        ..ClientRequest::get("/")
    }
}

fn status(host: &mut TestHost, name: &str) -> u16 {
    host.send(&with_token(name)).unwrap().status
}

fn refused(response: &Response) -> bool {
    response.status == 401 && response.body == FETCH_FAILED
}

#[test]
fn two_hundred_that_wait_cause_one_fetch() {
    let server = KeyServer::answering(keys(&["p256"]).after(Duration::from_secs(1)));
    for workers in [1, 4] {
        let asked = server.asked();
        let mut host = server.host().workers(workers).start().unwrap();
        let requests = vec![with_token("p256"); 200];
        let waiting: Vec<Exchange> = requests
            .iter()
            .map(|request| host.begin(request).unwrap())
            .collect();
        for exchange in waiting {
            assert_eq!(host.finish(exchange).unwrap().status, 200);
        }
        assert_eq!(server.asked() - asked, 1, "{workers} workers");
    }
}

#[test]
fn who_leaves_while_waiting_leaves_nothing_behind() {
    let server = KeyServer::answering(keys(&["p256"]).after(Duration::from_secs(1)));
    let mut host = server.host().start().unwrap();
    let waiting = host.begin(&with_token("p256")).unwrap();
    host.advance(Duration::from_millis(100));
    host.leave(waiting);
    assert_eq!(status(&mut host, "p256"), 200);
    assert_eq!(host.usage().streams, 0);
    assert!(!host.logs("jwt").iter().any(|line| line.level == "critical"));
}

#[test]
fn a_rotation_refuses_no_valid_token() {
    let server = KeyServer::with_keys(&["p256"]);
    let mut host = server.host().workers(2).start().unwrap();
    // The issuer publishes a new key long before it signs with it, and the old one until its last token has expired.
    for (published, signs) in [
        (&["p256"][..], "p256"),
        (&["p256", "rsa"], "p256"),
        (&["p256", "rsa"], "rsa"),
        (&["rsa"], "rsa"),
    ] {
        server.now_answers(keys(published));
        for _ in 0..60 {
            assert_eq!(status(&mut host, signs), 200, "{signs} of {published:?}");
            host.advance(FIVE_MINUTES / 60);
        }
    }
    assert_eq!(status(&mut host, "p256"), 401);
}

#[test]
fn a_dead_server_denies_and_is_not_asked_by_every_request() {
    let server = KeyServer::answering(Fault::ConnectionRefused.into());
    let mut host = server.host().start().unwrap();
    for _ in 0..100 {
        assert!(refused(&host.send(&with_token("p256")).unwrap()));
    }
    assert!(server.asked() <= 3, "asked {} times", server.asked());
    // Who has no token has no need of keys (rule J2).
    assert_eq!(host.send(&ClientRequest::get("/")).unwrap().status, 200);
    server.now_answers(keys(&["p256"]));
    host.advance(Duration::from_secs(1));
    assert_eq!(status(&mut host, "p256"), 200);
}

#[test]
fn a_slow_server_is_waited_for_as_long_as_the_rule_says() {
    let server = KeyServer::answering(keys(&["p256"]).after(Duration::from_secs(60)));
    let rule = json!({"issuer": "joe", "jwksUri": "https://joe.example/keys", "jwksCluster": "keys", "timeout": "2s"});
    let mut host = server
        .host_with(&json!({"jwtRules": [rule]}))
        .start()
        .unwrap();
    let waiting = host.begin(&with_token("p256")).unwrap();
    host.advance(Duration::from_millis(1900));
    assert!(host.poll(waiting).is_none());
    host.advance(Duration::from_millis(200));
    assert!(refused(&host.poll(waiting).unwrap().unwrap()));
}

#[test]
fn what_is_no_key_set_is_a_failure() {
    let ok = |body: &'static str| Reply::new(StatusCode::OK, body);
    let good = keys(&["p256"]).response.into_body();
    for reply in [
        Reply::new(StatusCode::CREATED, good.clone()),
        Reply::new(StatusCode::FOUND, good),
        Reply::new(StatusCode::INTERNAL_SERVER_ERROR, ""),
        ok(""),
        ok("junk"),
        ok("[]"),
        ok(r#"{"keys": []}"#),
        ok(r#"{"keys": [{"kty": "EC"}]}"#),
        Reply::new(StatusCode::OK, vec![b' '; 2 << 20]),
        Fault::Reset.into(),
        Fault::ResetInBody.into(),
    ] {
        let what = format!("{reply:?}").chars().take(300).collect::<String>();
        let mut host = KeyServer::answering(reply).host().start().unwrap();
        assert!(refused(&host.send(&with_token("p256")).unwrap()), "{what}");
    }
}

#[test]
fn old_keys_are_good_for_an_hour_more_when_nobody_has_newer_ones() {
    let server = KeyServer::with_keys(&["p256"]);
    let mut host = server.host().start().unwrap();
    assert_eq!(status(&mut host, "p256"), 200);
    server.now_answers(Fault::ConnectionRefused.into());
    host.advance(FIVE_MINUTES + Duration::from_secs(3500));
    assert_eq!(status(&mut host, "p256"), 200);
    host.advance(Duration::from_secs(200));
    assert!(refused(&host.send(&with_token("p256")).unwrap()));
}

#[test]
fn a_token_that_is_remembered_expires_all_the_same() {
    let mut host = KeyServer::with_keys(&["p256"]).host().start().unwrap();
    let expires = (START + Duration::from_secs(120)).as_secs();
    let request = with_claims(&json!({"iss": "joe", "exp": expires}), "p256");
    assert_eq!(host.send(&request).unwrap().status, 200);
    assert_eq!(host.send(&request).unwrap().status, 200);
    host.advance(Duration::from_secs(185));
    let response = host.send(&request).unwrap();
    assert_eq!(response.body, b"Jwt is expired".as_slice());
}

#[test]
fn an_issuer_says_where_its_keys_are() {
    let rule = json!({"issuer": "https://joe.example", "jwksCluster": "keys"});
    let mut host = TestHost::builder()
        .plugin(plugin(&json!({"jwtRules": [rule]})))
        .cluster("keys", |received| match received.path.as_str() {
            "/.well-known/openid-configuration" => Reply::new(
                StatusCode::OK,
                r#"{"issuer": "https://joe.example", "jwks_uri": "https://joe.example/v1/keys"}"#,
            ),
            "/v1/keys" => keys(&["p256"]),
            _ => Reply::new(StatusCode::NOT_FOUND, ""),
        })
        .start()
        .unwrap();
    let request = with_token_of("https://joe.example", "p256");
    assert_eq!(host.send(&request).unwrap().status, 200);
}
