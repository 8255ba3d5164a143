//! Istio `HTTPMatchRequest`, as JSON.
//! What Istio decides by sidecar and not by request (rule R2) is refused: there is no sidecar to compare with.

use std::collections::BTreeMap;

use meshwright_core::config::Unsupported;
use policy_matchers::string_match::StringMatchConfig;
use serde::{Deserialize, Serialize};

/// An Istio `HTTPMatchRequest`: all that is set must match (rule R1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpMatchConfig {
    /// Only a label in Istio's statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path without its query (rule R3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<StringMatchConfig>,
    /// Whether `uri` disregards case; a regex never does (rule R3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_uri_case: bool,
    /// `:method` (rule R4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatchConfig>,
    /// `:authority`, port included (rule R4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<StringMatchConfig>,
    /// `:scheme` (rule R4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<StringMatchConfig>,
    /// Headers by name (rule R5).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, StringMatchConfig>,
    /// Headers that must not match, by name (rule R6).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_headers: BTreeMap<String, StringMatchConfig>,
    /// Query parameters by name (rule R8).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query_params: BTreeMap<String, StringMatchConfig>,
    #[serde(default, skip_serializing)]
    port: Unsupported,
    #[serde(default, skip_serializing)]
    source_labels: Unsupported,
    #[serde(default, skip_serializing)]
    source_namespace: Unsupported,
    #[serde(default, skip_serializing)]
    gateways: Unsupported,
    #[serde(default, skip_serializing)]
    stat_prefix: Unsupported,
}
