//! Headers that a good token leaves behind (J46, J48).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::Compared;
use crate::jwt_diff::outcome::{Answer, Outcome};

/// Nothing differs but the order of members of objects in headers.
pub(super) fn are_in_another_order(compared: &Compared<'_>) -> bool {
    let Some((native, ours)) = compared.answers() else {
        return false;
    };
    ordered(native) == ordered(ours)
}

fn ordered(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    for line in answer.received.iter_mut().flatten() {
        let value = line
            .split_once(": ")
            .and_then(|(name, value)| Some((name, json_of(value)?)));
        if let Some((name, value)) = value {
            *line = format!("{name}: {value}");
        }
    }
    answer
}

// Written with its members in order.
fn json_of(value: &str) -> Option<Value> {
    let json = BASE64_STANDARD.decode(value).ok()?;
    let value: Value = serde_json::from_slice(&json).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// Ours refuses a configuration whose output header is one where tokens are looked for.
pub(super) fn are_token_headers(compared: &Compared<'_>) -> bool {
    let is_refused =
        matches!(compared.ours, Outcome::Refused(_)) && compared.native.answer().is_some();
    let rules = &compared.setup.rules;
    let looked: Vec<String> = rules.iter().flat_map(token_headers).collect();
    is_refused
        && rules
            .iter()
            .flat_map(output_headers)
            .any(|header| looked.contains(&header))
}

fn token_headers(rule: &Value) -> Vec<String> {
    let own = ["fromHeaders", "fromParams", "fromCookies"];
    let has_own = own.iter().any(|member| !list(rule, member).is_empty());
    match has_own {
        true => names(list(rule, "fromHeaders"), "name"),
        false => vec!["authorization".to_owned()],
    }
}

fn output_headers(rule: &Value) -> Vec<String> {
    let payload = rule.get("outputPayloadToHeader").and_then(Value::as_str);
    let mut headers = names(list(rule, "outputClaimToHeaders"), "header");
    headers.extend(payload.map(str::to_ascii_lowercase));
    headers
}

fn list<'a>(rule: &'a Value, member: &str) -> &'a [Value] {
    rule.get(member)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn names(list: &[Value], member: &str) -> Vec<String> {
    let names = list.iter().filter_map(|entry| entry.get(member)?.as_str());
    names.map(str::to_ascii_lowercase).collect()
}
