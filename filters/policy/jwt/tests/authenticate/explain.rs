//! What an explanation says is what decides.

use std::rc::Rc;

use meshwright_core::Verdict;
use policy_jwt::config::JwtRule;
use policy_jwt::explain::{Check, Explanation, Finding, Trial};
use policy_jwt::{Authenticator, Compat, Inline, KeySet, Keys, Location, Need, Outcome, World};
use serde_json::{Value, json};

use crate::support::{
    ISSUER, NOW, at, authenticator, authenticator_in, bearer, decided, from_headers, request, rule,
    rule_with_keys, secret_jwk, sign_text, signed,
};

/// Remote keys that are known, or not yet.
struct Remote(Keys);

impl World for Remote {
    fn keys(&self, _: Need) -> Keys {
        self.0.clone()
    }
}

fn explain(rules: &[JwtRule], token: &str) -> Explanation {
    authenticator(rules).explain(&bearer(token), at(NOW), &Inline)
}

/// The code of the first finding that is not good.
fn refusal(explanation: &Explanation) -> Option<&'static str> {
    let token = explanation.rules[0].tokens.first()?;
    match token.decisive()?.finding {
        Finding::Refused(refusal) => Some(refusal.code),
        other => panic!("{other:?}"),
    }
}

fn tokens() -> Vec<String> {
    let claims = [
        json!({}),
        json!({"exp": NOW + 10, "iat": NOW, "aud": "a", "sub": "me"}),
        json!({"exp": NOW - 61, "aud": "b"}),
        json!({"nbf": NOW + 61, "exp": NOW - 61}),
        json!({"exp": 0}),
        json!({"exp": NOW + 10, "aud": "b"}),
        json!({"exp": NOW + 10, "aud": "a", "iat": NOW - 10_000}),
        json!({"iss": "else", "exp": 1}),
        json!({"exp": "soon"}),
        json!({"aud": 1}),
    ];
    let mut tokens: Vec<String> = claims.into_iter().map(signed).collect();
    let payload = json!({"iss": ISSUER, "exp": NOW + 10, "iat": NOW, "aud": "a"}).to_string();
    for header in [
        json!({"alg": "HS256", "typ": "JWT"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"alg": "none"}),
        json!({"alg": "HS256", "kid": "other"}),
        json!({"alg": "HS256", "crit": ["b64"]}),
    ] {
        tokens.push(sign_text(&header.to_string(), &payload));
    }
    tokens.extend(["a.b", "a.b.c", "e30.e30.AA", "...."].map(str::to_owned));
    tokens
}

fn rules() -> Vec<JwtRule> {
    let mut named = secret_jwk();
    named["kid"] = "mine".into();
    let demanding = JwtRule {
        audiences: vec!["a".to_owned()],
        required_claims: vec!["sub".to_owned()],
        required_type: Some("JWT".to_owned()),
        max_token_age: Some(std::time::Duration::from_secs(60)),
        ..rule()
    };
    vec![rule(), rule_with_keys(&[named]), demanding]
}

#[test]
fn the_first_check_that_fails_is_the_one_that_decides() {
    let mut codes = std::collections::BTreeSet::new();
    for compat in [Compat::Envoy, Compat::Strict] {
        for rule in rules() {
            for token in tokens() {
                let authenticator = authenticator_in(compat, std::slice::from_ref(&rule));
                let explanation = authenticator.explain(&bearer(&token), at(NOW), &Inline);
                let verdict =
                    decided(authenticator.authenticate(&bearer(&token), at(NOW), &Inline));
                assert_eq!(explanation.outcome, Outcome::Decided(verdict.clone()));
                let code = match &verdict {
                    Verdict::Continue { .. } => None,
                    Verdict::Deny { reason, .. } => Some(reason.code),
                };
                assert_eq!(refusal(&explanation), code, "{compat:?} {token}");
                codes.extend(code);
            }
        }
    }
    // The tokens above are of many kinds.
    assert!(codes.len() > 10, "{codes:?}");
}

#[test]
fn later_checks_are_said_too() {
    let rule = JwtRule {
        audiences: vec!["a".to_owned()],
        ..rule()
    };
    let explanation = explain(&[rule], &signed(json!({"exp": 1, "aud": "b"})));
    let steps = &explanation.rules[0].tokens[0].steps;
    let refused = steps.iter().filter(|step| step.finding != Finding::Good);
    let checks: Vec<&Check> = refused.map(|step| &step.check).collect();
    let [Check::Time { .. }, Check::Audience(allowed)] = checks[..] else {
        panic!("{checks:?}")
    };
    assert_eq!(*allowed, ["a"]);
    assert_eq!(steps.last().unwrap().check, Check::Signature);
}

#[test]
fn each_key_says_what_became_of_it() {
    let key = |members: Value| {
        let mut key = secret_jwk();
        key.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        key
    };
    let keys = [
        key(json!({"kid": "other"})),
        key(json!({"kid": "mine", "alg": "HS512"})),
        key(json!({"kid": "mine", "k": "AAAA"})),
        key(json!({})),
        key(json!({"kid": "mine"})),
    ];
    let header = json!({"alg": "HS256", "kid": "mine"}).to_string();
    let token = sign_text(&header, &json!({"iss": ISSUER}).to_string());
    let explanation = explain(&[rule_with_keys(&keys)], &token);
    let trials = explanation.rules[0].tokens[0]
        .keys
        .iter()
        .map(|key| key.trial);
    let trials: Vec<Trial> = trials.collect();
    let [
        Trial::OtherKeyId,
        Trial::OtherAlgorithm,
        Trial::Refused(refusal),
        Trial::Verified,
        Trial::NotTried,
    ] = trials[..]
    else {
        panic!("{trials:?}")
    };
    assert_eq!((refusal.code, refusal.status), ("jwt.bad_signature", 401));
    assert_eq!(
        explanation.rules[0].tokens[0].keys[2].kind,
        "secret of 3 bytes"
    );
}

#[test]
fn a_rule_after_one_that_accepts_is_not_asked() {
    let explanation = explain(&[rule(), rule()], &signed(json!({})));
    let asked: Vec<bool> = explanation.rules.iter().map(|rule| rule.is_asked).collect();
    assert_eq!(asked, [true, false]);
    let explanation = explain(&[rule(), rule()], &signed(json!({"exp": 1})));
    assert!(explanation.rules.iter().all(|rule| rule.is_asked));
}

#[test]
fn a_token_says_where_it_was_and_what_is_in_it() {
    let rules = [from_headers(&[("X-A", ""), ("X-B", "")])];
    let token = signed(json!({"sub": "me"}));
    let head = request(&[("x-a", "a.b.c"), ("x-b", &token)]);
    let explanation = authenticator(&rules).explain(&head, at(NOW), &Inline);
    let [last, first] = &explanation.rules[0].tokens[..] else {
        panic!("two tokens")
    };
    assert!(matches!(&last.location, Location::Header { name, .. } if name == "x-b"));
    let parts = last.parts.as_ref().unwrap();
    assert_eq!(parts.claims.as_ref().unwrap()["sub"], "me");
    assert_eq!(parts.signature_bytes, Some(32));
    assert_eq!(first.parts.as_ref().unwrap().header, None);
}

#[test]
fn without_keys_everything_else_is_said() {
    let authenticator = Authenticator::from_json(
        json!({"jwtRules": [{"issuer": ISSUER, "jwksUri": "https://a/keys"}]})
            .to_string()
            .as_bytes(),
    );
    let authenticator = authenticator.unwrap();
    let head = bearer(&signed(json!({})));
    let explained = |keys| authenticator.explain(&head, at(NOW), &Remote(keys));
    let unknown = explained(Keys::Unknown);
    let step = unknown.rules[0].tokens[0].decisive().unwrap();
    assert_eq!(step.check, Check::Signature);
    assert!(matches!(step.finding, Finding::NeedsKeys(_)));
    assert!(matches!(unknown.outcome, Outcome::NeedsKeys(_)));
    let set = json!({"keys": [secret_jwk()]}).to_string();
    let set = KeySet::parse(set.as_bytes(), Compat::Envoy).unwrap();
    assert!(explained(Keys::Known(Rc::new(set))).rules[0].accepts());
    assert_eq!(refusal(&explained(Keys::Failed)), Some("jwt.no_keys"));
}
