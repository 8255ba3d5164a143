//! `jwtRules` as Istio writes them for Envoy (J1 to J3).

use serde_json::{Map, Value, json};

use super::case::issuer;

const JWT_AUTHN: &str =
    "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";

/// The HTTP filter of these rules.
#[must_use]
pub fn filter(rules: &[Value]) -> Value {
    let providers = rules.iter().enumerate();
    let providers: Map<_, _> = providers
        .map(|(at, rule)| (name(at), provider(rule)))
        .collect();
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": JWT_AUTHN,
            "providers": providers,
            "rules": [{ "match": { "prefix": "/" }, "requires": requirement(rules.len()) }],
            "bypass_cors_preflight": true,
        },
    })
}

fn name(at: usize) -> String {
    format!("origins-{at}")
}

fn provider(rule: &Value) -> Value {
    let mut spaced = vec![json!("scope"), json!("permission")];
    spaced.extend(list(rule, "spaceDelimitedClaims"));
    let mut provider = json!({
        "issuer": issuer(rule),
        "payload_in_metadata": "payload",
        "normalize_payload_in_metadata": { "space_delimited_claims": spaced },
        "local_jwks": { "inline_string": rule.get("jwks") },
        "from_headers": list(rule, "fromHeaders").map(|header| {
            json!({ "name": header.get("name"), "value_prefix": header.get("prefix") })
        }).collect::<Vec<_>>(),
        "claim_to_headers": list(rule, "outputClaimToHeaders").map(|output| {
            json!({ "header_name": output.get("header"), "claim_name": output.get("claim") })
        }).collect::<Vec<_>>(),
    });
    let same = [
        ("audiences", "audiences"),
        ("forwardOriginalToken", "forward"),
        ("outputPayloadToHeader", "forward_payload_header"),
        ("fromParams", "from_params"),
        ("fromCookies", "from_cookies"),
    ];
    if let Some(members) = provider.as_object_mut() {
        members.extend(
            same.into_iter()
                .filter_map(|(istio, envoy)| Some((envoy.to_owned(), rule.get(istio)?.clone()))),
        );
    }
    provider
}

fn list<'a>(rule: &'a Value, member: &str) -> impl Iterator<Item = Value> + use<'a> {
    rule.get(member)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .cloned()
}

// Any of them, or each of them or nothing.
fn requirement(rules: usize) -> Value {
    let only = |at| json!({ "provider_name": name(at) });
    let or_missing = |at| any(&[only(at), json!({ "allow_missing": {} })]);
    if rules == 1 {
        return or_missing(0);
    }
    let mut requirements: Vec<Value> = (0..rules).map(only).collect();
    let each: Vec<Value> = (0..rules).map(or_missing).collect();
    requirements.push(json!({ "requires_all": { "requirements": each } }));
    any(&requirements)
}

fn any(requirements: &[Value]) -> Value {
    json!({ "requires_any": { "requirements": requirements } })
}
