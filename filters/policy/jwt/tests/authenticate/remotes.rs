//! Key sets that are fetched: where they are said to be, and what becomes of a request meanwhile (rules J28, J53-J55).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use meshwright_core::Verdict;
use policy_jwt::{
    Authenticator, Cause, Compat, Document, JwtRule, KeySet, Keys, Need, Outcome, Remote,
    SignatureCheck, World,
};
use serde_json::{Value, json};

use crate::support::{
    ISSUER, NOW, at, authenticator, authenticator_in, bearer, decided, reply, request, secret_jwk,
    sign_text, signed,
};

/// A world with these keys for every remote set, that counts who asks.
struct Fetched {
    keys: Keys,
    asked: RefCell<Vec<Need>>,
    checked: Cell<usize>,
}

impl Fetched {
    fn new(keys: Keys) -> Self {
        Self {
            keys,
            asked: RefCell::default(),
            checked: Cell::new(0),
        }
    }

    fn known(keys: &[Value]) -> Self {
        let set = KeySet::parse(json!({"keys": keys}).to_string().as_bytes(), Compat::Envoy);
        Self::new(Keys::Known(Rc::new(set.unwrap())))
    }
}

impl World for Fetched {
    fn keys(&self, need: Need) -> Keys {
        self.asked.borrow_mut().push(need);
        self.keys.clone()
    }

    fn verify(&self, check: &SignatureCheck<'_>) -> bool {
        self.checked.set(self.checked.get() + 1);
        check.verify()
    }
}

fn remote_rule() -> JwtRule {
    JwtRule {
        issuer: ISSUER.to_owned(),
        jwks_uri: Some("https://keys.example:8443/certs?v=1".to_owned()),
        ..JwtRule::default()
    }
}

fn remote(members: Value) -> Remote {
    let config = json!({"jwtRules": [members]}).to_string();
    Authenticator::from_json(config.as_bytes())
        .unwrap()
        .remotes()[0]
        .clone()
}

fn error(members: Value) -> String {
    let config = json!({"jwtRules": [members]}).to_string();
    Authenticator::from_json(config.as_bytes())
        .unwrap_err()
        .to_string()
}

fn ask(token: &str, world: &Fetched) -> Outcome {
    authenticator(&[remote_rule()]).authenticate(&bearer(token), at(NOW), world)
}

#[test]
fn a_token_waits_for_keys_and_is_then_judged() {
    let need = Need {
        remote: 0,
        cause: Cause::Token,
    };
    let token = signed(json!({}));
    assert_eq!(
        ask(&token, &Fetched::new(Keys::Unknown)),
        Outcome::NeedsKeys(need)
    );
    let verdict = decided(ask(&token, &Fetched::known(&[secret_jwk()])));
    assert_eq!(verdict.reason().code, "jwt.valid");
}

#[test]
fn keys_that_cannot_be_had_refuse_the_token() {
    let verdict = decided(ask(&signed(json!({})), &Fetched::new(Keys::Failed)));
    assert_eq!(reply(&verdict).status, 401);
    assert_eq!(reply(&verdict).body, b"Jwks remote fetch is failed");
}

fn kid_rule(refetches: Option<bool>) -> JwtRule {
    JwtRule {
        refetch_unknown_kid: refetches,
        ..remote_rule()
    }
}

fn token_with_kid(kid: &str) -> String {
    let header = json!({"alg": "HS256", "kid": kid}).to_string();
    sign_text(&header, &json!({"iss": ISSUER, "exp": NOW}).to_string())
}

fn with_kid(kid: &str) -> Value {
    let mut key = secret_jwk();
    key["kid"] = json!(kid);
    key
}

#[test]
fn an_unknown_kid_has_keys_fetched_again_where_asked_for() {
    let unknown = [Cause::Token, Cause::UnknownKid];
    for (compat, refetches, kid, causes) in [
        (Compat::Envoy, None, "new", &unknown[..1]),
        (Compat::Envoy, Some(true), "new", &unknown[..]),
        (Compat::Envoy, Some(true), "old", &unknown[..1]),
        (Compat::Strict, None, "new", &unknown[..]),
        (Compat::Strict, Some(false), "new", &unknown[..1]),
    ] {
        let world = Fetched::known(&[with_kid("old")]);
        let authenticator = authenticator_in(compat, &[kid_rule(refetches)]);
        let verdict =
            decided(authenticator.authenticate(&bearer(&token_with_kid(kid)), at(NOW), &world));
        let expected = match kid {
            "old" => "jwt.valid",
            _ => "jwt.no_matching_key",
        };
        assert_eq!(verdict.reason().code, expected);
        let asked: Vec<Cause> = world.asked.take().iter().map(|need| need.cause).collect();
        assert_eq!(asked, causes, "{compat:?} {refetches:?} {kid}");
    }
}

#[test]
fn keys_fetched_again_verify() {
    struct Rotating(Fetched, Keys);
    impl World for Rotating {
        fn keys(&self, need: Need) -> Keys {
            match need.cause {
                Cause::Token => self.0.keys(need),
                Cause::UnknownKid => self.1.clone(),
            }
        }
    }
    let authenticator = authenticator(&[kid_rule(Some(true))]);
    let head = bearer(&token_with_kid("new"));
    let ask = |newer: Keys| {
        let world = Rotating(Fetched::known(&[with_kid("old")]), newer);
        authenticator.authenticate(&head, at(NOW), &world)
    };
    assert_eq!(
        ask(Keys::Unknown),
        Outcome::NeedsKeys(Need {
            remote: 0,
            cause: Cause::UnknownKid
        })
    );
    let newer = Fetched::known(&[with_kid("old"), with_kid("new")]).keys;
    assert_eq!(decided(ask(newer)).reason().code, "jwt.valid");
}

#[test]
fn each_rule_has_its_own_remote_set() {
    let rules = [
        crate::support::rule(),
        remote_rule(),
        JwtRule {
            issuer: "https://other.example".to_owned(),
            ..JwtRule::default()
        },
    ];
    let authenticator = authenticator(&rules);
    let names: Vec<&str> = authenticator
        .remotes()
        .iter()
        .map(|remote| &**remote.rule())
        .collect();
    assert_eq!(names, ["jwtRules[1]", "jwtRules[2]"]);
    let token = signed(json!({"iss": "https://other.example"}));
    let outcome =
        authenticator.authenticate(&bearer(&token), at(NOW), &Fetched::new(Keys::Unknown));
    assert_eq!(
        outcome,
        Outcome::NeedsKeys(Need {
            remote: 1,
            cause: Cause::Token
        })
    );
}

#[test]
fn nothing_is_fetched_for_a_request_without_token_or_with_one_that_is_bad_anyway() {
    let rule = JwtRule {
        audiences: vec!["a".to_owned()],
        ..remote_rule()
    };
    let forged = |claims: Value| bearer(&signed(claims));
    for head in [
        request(&[]),
        bearer("junk"),
        forged(json!({"iss": "x"})),
        forged(json!({"exp": 1})),
        forged(json!({"aud": "b"})),
    ] {
        let world = Fetched::new(Keys::Unknown);
        let outcome =
            authenticator(std::slice::from_ref(&rule)).authenticate(&head, at(NOW), &world);
        assert!(matches!(outcome, Outcome::Decided(_)));
        assert_eq!(world.asked.take(), [], "{head:?}");
    }
}

#[test]
fn the_world_checks_the_signature() {
    struct Trusting(Fetched);
    impl World for Trusting {
        fn keys(&self, need: Need) -> Keys {
            self.0.keys(need)
        }
        fn verify(&self, _: &SignatureCheck<'_>) -> bool {
            true
        }
    }
    let (message, _) = signed(json!({}))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let forged = bearer(&format!("{message}.AAAA"));
    let authenticator = authenticator(&[remote_rule()]);
    let world = Fetched::known(&[secret_jwk()]);
    let honest = decided(authenticator.authenticate(&forged, at(NOW), &world));
    assert_eq!(honest.reason().code, "jwt.bad_signature");
    assert_eq!(world.checked.get(), 1);
    let trusting = authenticator.authenticate(&forged, at(NOW), &Trusting(world));
    assert!(matches!(decided(trusting), Verdict::Continue { .. }));
}

#[test]
fn a_remote_says_where_its_keys_are() {
    let remote = remote(
        json!({"issuer": ISSUER, "jwksUri": "https://keys.example:8443/certs?v=1", "timeout": "0.5s"}),
    );
    assert_eq!(remote.document(), Document::KeySet);
    assert_eq!(remote.uri().path_and_query().unwrap(), "/certs?v=1");
    assert_eq!(remote.cluster(remote.uri()), "outbound|8443||keys.example");
    assert_eq!(remote.timeout(), Duration::from_millis(500));
    assert_eq!(&**remote.rule(), "jwtRules[0]");
}

#[test]
fn the_cluster_is_that_of_istio_unless_it_is_named() {
    for (members, cluster) in [
        (
            json!({"jwks_uri": "https://a.example/k"}),
            "outbound|443||a.example",
        ),
        (
            json!({"jwksUri": "http://a.example/k"}),
            "outbound|80||a.example",
        ),
        (
            json!({"jwksUri": "http://a.example/k", "jwksCluster": "keys"}),
            "keys",
        ),
    ] {
        let remote = remote(members);
        assert_eq!(remote.cluster(remote.uri()), cluster);
        assert_eq!(remote.timeout(), Duration::from_secs(5));
    }
}

#[test]
fn an_issuer_alone_is_asked_where_its_keys_are() {
    for issuer in ["https://id.example/realm", "https://id.example/realm/"] {
        let remote = remote(json!({"issuer": issuer}));
        assert_eq!(remote.document(), Document::Discovery);
        assert_eq!(
            remote.uri(),
            "https://id.example/realm/.well-known/openid-configuration"
        );
        let discovered =
            |document: Value, compat| remote.discovered(document.to_string().as_bytes(), compat);
        let uri = discovered(
            json!({"issuer": "x", "jwks_uri": "https://keys.example/k"}),
            Compat::Envoy,
        );
        assert_eq!(remote.cluster(&uri.unwrap()), "outbound|443||keys.example");
        assert!(
            discovered(
                json!({"issuer": "x", "jwks_uri": "https://keys.example/k"}),
                Compat::Strict
            )
            .is_err()
        );
        assert!(
            discovered(
                json!({"issuer": issuer, "jwks_uri": "https://keys.example/k"}),
                Compat::Strict
            )
            .is_ok()
        );
        for bad in [
            json!({}),
            json!({"jwks_uri": 1}),
            json!({"jwks_uri": "/k"}),
            json!({"jwks_uri": "ftp://a/k"}),
        ] {
            assert!(discovered(bad.clone(), Compat::Envoy).is_err(), "{bad}");
        }
    }
}

#[test]
fn places_that_cannot_be_fetched_from_are_refused() {
    let long = format!("https://a.example/{}", "x".repeat(2048));
    for uri in [
        "",
        "keys",
        "/keys",
        "ftp://a.example/k",
        "https:///k",
        "https://user@a.example/k",
        "https://a b/",
        &long,
    ] {
        assert!(
            error(json!({"jwksUri": uri})).starts_with("at /jwtRules/0/jwksUri: "),
            "{uri}"
        );
    }
    let both = json!({"jwksUri": "https://a.example/k", "jwks": "{}"});
    assert!(error(both).starts_with("at /jwtRules/0/jwksUri: only one of"));
}

/// CVE-2025-64527: two tokens of one request must not start two fetches that trip over each other.
#[test]
fn a_request_with_two_tokens_waits_once_and_then_fails_as_a_whole() {
    let token = signed(json!({}));
    let head = request(&[
        ("authorization", &format!("Bearer {token}")),
        (":path", &format!("/?access_token={token}")),
    ]);
    let authenticator = authenticator(&[remote_rule()]);
    let waiting = Fetched::new(Keys::Unknown);
    let outcome = authenticator.authenticate(&head, at(NOW), &waiting);
    assert!(matches!(outcome, Outcome::NeedsKeys(_)));
    assert_eq!(waiting.asked.take().len(), 1);
    let failed = authenticator.authenticate(&head, at(NOW), &Fetched::new(Keys::Failed));
    assert_eq!(decided(failed).reason().code, "jwt.no_keys");
}

/// CVE-2026-31837: where there are no keys, no made-up one takes their place, not even for a token that asks for none.
#[test]
fn without_keys_nothing_verifies() {
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":""}"#,
        r#"{"alg":"EdDSA"}"#,
    ] {
        let token = sign_text(header, &json!({"iss": ISSUER}).to_string());
        let verdict = decided(ask(&token, &Fetched::new(Keys::Failed)));
        assert_eq!(verdict.reason().code, "jwt.no_keys", "{header}");
    }
    for jwks in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{}]}"#, "<html>"] {
        assert!(
            KeySet::parse(jwks.as_bytes(), Compat::Envoy).is_err(),
            "{jwks}"
        );
    }
}
