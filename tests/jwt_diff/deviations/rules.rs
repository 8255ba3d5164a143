//! What a rule that refuses leaves behind for the next one (J30, J33).

use serde_json::Value;

use super::Compared;

/// There are several rules, one of which removes its tokens, and several tokens. Native Envoy lets pass what ours refuses, or
/// finds fault with a token where ours has seen one more, of an issuer that the rule does not know.
pub(super) fn left_traces(compared: &Compared<'_>) -> bool {
    let is_removing = |rule: &Value| rule.get("forwardOriginalToken") != Some(&Value::Bool(true));
    let rules = &compared.setup.rules;
    let is_several = rules.len() > 1 && compared.request.tokens().len() > 1;
    let sees_less = compared.answers().is_some_and(|(native, ours)| {
        let passes = native.received.is_some() && ours.body.starts_with("Jwt ");
        passes || (native.body.starts_with("Jwt ") && ours.body == "Jwt issuer is not configured")
    });
    is_several && sees_less && rules.iter().any(is_removing)
}
