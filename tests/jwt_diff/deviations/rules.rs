//! What a rule that refuses leaves behind for the next one (J30, J33).

use serde_json::Value;

use super::Compared;
use crate::jwt_diff::outcome::Answer;

/// There are several rules and several tokens. Native Envoy lets pass what ours refuses, or finds something else to refuse,
/// which takes a rule that removes its token; or both let it pass and what rules leave behind differs.
pub(super) fn left_traces(compared: &Compared<'_>) -> bool {
    let Some((native, ours)) = compared.answers() else {
        return false;
    };
    if compared.setup.rules.len() < 2 || compared.request.tokens().len() < 2 {
        return false;
    }
    let is_removing = |rule: &Value| rule.get("forwardOriginalToken") != Some(&Value::Bool(true));
    let is_removed = compared.setup.rules.iter().any(is_removing);
    match (&native.received, &ours.received) {
        (Some(_), None) => is_removed && ours.body.starts_with("J"),
        (Some(_), Some(_)) => response(native) == response(ours),
        (None, None) => is_removed && is_of_tokens(native) && is_of_tokens(ours),
        (None, Some(_)) => false,
    }
}

fn response(answer: &Answer) -> (&str, &[String], &str) {
    (&answer.status, &answer.headers, &answer.body)
}

fn is_of_tokens(answer: &Answer) -> bool {
    answer.body.starts_with("Jw") || answer.body == "Audiences in Jwt are not allowed"
}
