//! Bounds of the work that keys make (1.10).

use serde_json::Value;

use super::Compared;
use crate::jwt_diff::outcome::{Answer, Outcome};

/// Signatures of RSA with 2048 bits that are checked for one request.
const CHECKS: usize = 32;
/// Keys of one set.
const KEYS: usize = 1000;

/// A set has more keys than ours takes, or a token more that it could be signed with than ours tries.
pub(super) fn are_too_many(compared: &Compared<'_>) -> bool {
    let count = keys(compared).len();
    let is_refused =
        matches!(compared.ours, Outcome::Refused(_)) && compared.native.answer().is_some();
    (count > KEYS && is_refused)
        || (count > CHECKS && is_refused_by_ours(compared, "Jwt verification fails"))
}

fn is_refused_by_ours(compared: &Compared<'_>, body: &str) -> bool {
    let passes = |answer: &Answer| answer.received.is_some();
    compared
        .answers()
        .is_some_and(|(native, ours)| passes(native) && ours.body == body)
}

fn keys(compared: &Compared<'_>) -> Vec<Value> {
    let sets = compared
        .setup
        .rules
        .iter()
        .filter_map(|rule| rule.get("jwks")?.as_str());
    let sets = sets.filter_map(|set| serde_json::from_str::<Value>(set).ok());
    let keys = sets.filter_map(|set| set.get("keys")?.as_array().cloned());
    keys.flatten().collect()
}
