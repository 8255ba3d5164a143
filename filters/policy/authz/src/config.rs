//! The JSON spelling of the configuration: Istio's AuthorizationPolicy, with its metadata beside the spec.
//! What Istio has and this version lacks is refused by name, because ignoring it would change the policy.

use meshwright_core::config::Unsupported;
use serde::{Deserialize, Serialize};

/// The policies that apply to one workload, already selected and scoped (rule A2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Required, though it may be empty: a forgotten configuration must not read as "allow everything".
    pub policies: Vec<Policy>,
}

/// One AuthorizationPolicy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Policy {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// What a matching rule means.
    #[serde(default)]
    pub action: Action,
    /// None at all never match; one empty rule matches everything (rule A3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Belongs to the CUSTOM action.
    #[serde(default, skip_serializing)]
    pub provider: Unsupported,
}

/// `action` of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", try_from = "String")]
pub enum Action {
    /// A request must match some rule of some ALLOW policy, if there is one.
    #[default]
    Allow,
    /// A request that matches is refused.
    Deny,
}

/// One rule: `from` and `to` and every `when` must match (rule A4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// Alternatives for who sends the request; absent means anyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<RuleFrom>>,
    /// Alternatives for what is asked; absent means anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<RuleTo>>,
    /// Further conditions, all of which must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
}

/// One entry of `from`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleFrom {
    /// Every field that is set must match.
    pub source: Source,
}

/// One entry of `to`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleTo {
    /// Every field that is set must match.
    pub operation: Operation,
}

/// Who sends the request. Values of a field are alternatives; `not…` fields are their negation (rule A4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Source {
    /// Peer identities without `spiffe://` (rule A14).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// None of these peer identities; plaintext qualifies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_principals: Vec<String>,
    /// `iss/sub` of the token (rule A21).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_principals: Vec<String>,
    /// None of these; a request without a token qualifies (rule A25).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_request_principals: Vec<String>,
    /// Namespaces of the peer identity (rule A15).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// None of these namespaces; plaintext qualifies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_namespaces: Vec<String>,
    /// Addresses or blocks of the direct peer (rule A16).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_blocks: Vec<String>,
    /// None of these addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ip_blocks: Vec<String>,
    /// Addresses or blocks of the original client (rule A16).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remote_ip_blocks: Vec<String>,
    /// None of these addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_remote_ip_blocks: Vec<String>,
    /// Not supported yet.
    #[serde(skip_serializing)]
    pub service_accounts: Unsupported,
    /// Not supported yet.
    #[serde(skip_serializing)]
    pub not_service_accounts: Unsupported,
    /// Not supported yet.
    #[serde(skip_serializing)]
    pub trust_domains: Unsupported,
    /// Not supported yet.
    #[serde(skip_serializing)]
    pub not_trust_domains: Unsupported,
}

/// What is asked. Values of a field are alternatives; `not…` fields are their negation (rule A4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Operation {
    /// `:authority`, port included, any case (rule A18).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// None of these hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_hosts: Vec<String>,
    /// Destination ports in decimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// None of these ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ports: Vec<String>,
    /// `:method`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// None of these methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_methods: Vec<String>,
    /// `:path` without its query (rule A19).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// None of these paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_paths: Vec<String>,
}

/// One entry of `when`: the attribute named by `key` has one of `values`, if any, and none of `notValues`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Condition {
    /// An attribute: `request.headers[x-user]`, `source.ip` … (rules A21-A24).
    pub key: String,
    /// Alternatives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// None of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_values: Vec<String>,
}

// === impl Action ===

impl TryFrom<String> for Action {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "ALLOW" => Ok(Self::Allow),
            "DENY" => Ok(Self::Deny),
            "AUDIT" | "CUSTOM" => Err(format!(
                "action `{name}` is not supported yet; use `ALLOW` or `DENY`"
            )),
            _ => Err(format!("`{name}` is not an action; use `ALLOW` or `DENY`")),
        }
    }
}
