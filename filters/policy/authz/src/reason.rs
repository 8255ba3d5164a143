//! The reason codes of this policy.
//! They are stable: logs, metrics and tests rely on them.

/// Allowed: no ALLOW policy exists, and no DENY rule matched (rule A1).
pub const NO_POLICY: &str = "authz.no_policy";

/// Allowed by the rule that is named.
pub const ALLOWED: &str = "authz.allowed";

/// Denied by the DENY rule that is named.
pub const DENIED_BY_RULE: &str = "authz.denied_by_rule";

/// Denied: there are ALLOW policies, and none of their rules matched.
pub const NO_ALLOW_RULE: &str = "authz.no_allow_rule";

/// Denied: whether the rule that is named matches could not be told, because the host did not provide what it asks
/// about, or because the claims are not a JSON object.
pub const CANNOT_EVALUATE: &str = "authz.cannot_evaluate";
