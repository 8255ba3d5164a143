//! Tokens, rules and requests to test with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use meshwright_core::{HeaderEdit, LocalReply, RequestHead, Verdict};
use policy_jwt::{Authenticator, Compat, Config, Inline, JwtHeader, JwtRule, Outcome};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const NOW: u64 = 1_700_000_000;
const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

/// A rule for [`ISSUER`] with the key that [`signed`] uses.
pub(crate) fn rule() -> JwtRule {
    rule_with_keys(&[secret_jwk()])
}

pub(crate) fn rule_with_keys(keys: &[Value]) -> JwtRule {
    JwtRule {
        issuer: ISSUER.to_owned(),
        jwks: Some(json!({"keys": keys}).to_string()),
        ..JwtRule::default()
    }
}

pub(crate) fn secret_jwk() -> Value {
    json!({"kty": "oct", "k": base64url(SECRET)})
}

/// [`rule`] with tokens in these headers, given with their prefixes.
pub(crate) fn from_headers(headers: &[(&str, &str)]) -> JwtRule {
    let header = |(name, prefix): &(&str, &str)| JwtHeader {
        name: (*name).to_owned(),
        prefix: (*prefix).to_owned(),
    };
    JwtRule {
        from_headers: headers.iter().map(header).collect(),
        ..rule()
    }
}

pub(crate) fn authenticator(rules: &[JwtRule]) -> Authenticator {
    authenticator_in(Compat::Envoy, rules)
}

pub(crate) fn authenticator_in(compat: Compat, rules: &[JwtRule]) -> Authenticator {
    Authenticator::from_config(&Config {
        jwt_rules: rules.to_vec(),
        compat,
        ..Config::default()
    })
    .unwrap()
}

/// An HS256 token of [`ISSUER`] with these claims on top.
pub(crate) fn signed(claims: Value) -> String {
    let mut payload = json!({"iss": ISSUER});
    let Value::Object(claims) = claims else {
        panic!("claims are an object")
    };
    payload.as_object_mut().unwrap().extend(claims);
    sign_text(r#"{"alg":"HS256"}"#, &payload.to_string())
}

/// An HS256 token of exactly this header and payload.
pub(crate) fn sign_text(header: &str, payload: &str) -> String {
    sign_with(
        header,
        payload,
        &EncodingKey::from_secret(SECRET),
        Algorithm::HS256,
    )
}

/// A token signed with `algorithm`, whatever its header says.
pub(crate) fn sign_with(
    header: &str,
    payload: &str,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(payload.as_bytes())
    );
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn request(headers: &[(&str, &str)]) -> RequestHead {
    let pseudo = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "h"),
        (":path", "/"),
    ];
    let given = |name: &str| headers.iter().any(|(other, _)| *other == name);
    pseudo
        .into_iter()
        .filter(|(name, _)| !given(name))
        .chain(headers.iter().copied())
        .collect()
}

pub(crate) fn bearer(token: &str) -> RequestHead {
    request(&[("authorization", &format!("Bearer {token}"))])
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn judge(rules: &[JwtRule], head: &RequestHead) -> Verdict {
    decided(authenticator(rules).authenticate(head, at(NOW), &Inline))
}

/// The reason codes for a request in Envoy's way and in the strict one.
pub(crate) fn codes(rules: &[JwtRule], head: &RequestHead) -> [&'static str; 2] {
    [Compat::Envoy, Compat::Strict].map(|compat| {
        let authenticator = authenticator_in(compat, rules);
        decided(authenticator.authenticate(head, at(NOW), &Inline))
            .reason()
            .code
    })
}

pub(crate) fn decided(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Decided(verdict) => verdict,
        other => panic!("not decided: {other:?}"),
    }
}

/// The reason code for a bearer token under [`rule`].
pub(crate) fn code(token: &str) -> &'static str {
    judge(&[rule()], &bearer(token)).reason().code
}

/// The reason code for a request with these headers.
pub(crate) fn code_of(rule: JwtRule, headers: &[(&str, &str)]) -> &'static str {
    judge(&[rule], &request(headers)).reason().code
}

pub(crate) fn reply(verdict: &Verdict) -> &LocalReply {
    match verdict {
        Verdict::Deny { reply, .. } => reply,
        Verdict::Continue { reason, .. } => panic!("not denied: {reason}"),
    }
}

/// The body of the refusal of a bearer token under [`rule`].
pub(crate) fn body(token: &str) -> String {
    let verdict = judge(&[rule()], &bearer(token));
    String::from_utf8(reply(&verdict).body.clone()).unwrap()
}

pub(crate) fn edits(verdict: &Verdict) -> Vec<HeaderEdit> {
    match verdict {
        Verdict::Continue { effects, .. } => effects.headers.clone(),
        Verdict::Deny { reason, .. } => panic!("denied: {reason}"),
    }
}

pub(crate) fn state(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Continue { effects, .. } => {
            let (_, value) = effects.state.first()?;
            Some(String::from_utf8(value.clone()).unwrap())
        }
        Verdict::Deny { reason, .. } => panic!("denied: {reason}"),
    }
}

pub(crate) fn set(name: &str, value: &str) -> HeaderEdit {
    HeaderEdit::Set(name.to_owned(), value.as_bytes().to_vec())
}

pub(crate) fn remove(name: &str) -> HeaderEdit {
    HeaderEdit::Remove(name.to_owned())
}
