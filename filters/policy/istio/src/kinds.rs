//! The specs of the kinds, with Istio's field names. What only other layers could do is refused by name.

use std::collections::BTreeMap;

use meshwright_core::config::Unsupported;
use policy_authz::config::{Action, Rule};
use policy_jwt::config::JwtRule;
use policy_routing::config::HttpRouteConfig;
use serde::Deserialize;

use crate::workload::Selector;

/// Istio `RequestAuthentication`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RequestAuthentication {
    pub(crate) selector: Option<Selector>,
    #[serde(default)]
    pub(crate) jwt_rules: Vec<JwtRule>,
    #[serde(default, rename = "targetRef")]
    _target_ref: Unsupported,
    #[serde(default, rename = "targetRefs")]
    _target_refs: Unsupported,
}

/// Istio `AuthorizationPolicy`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AuthorizationPolicy {
    pub(crate) selector: Option<Selector>,
    #[serde(default)]
    pub(crate) action: Action,
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    #[serde(default, rename = "provider")]
    _provider: Unsupported,
    #[serde(default, rename = "targetRef")]
    _target_ref: Unsupported,
    #[serde(default, rename = "targetRefs")]
    _target_refs: Unsupported,
}

/// Istio `VirtualService`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct VirtualService {
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    #[serde(default)]
    pub(crate) http: Vec<HttpRouteConfig>,
    #[serde(default, rename = "gateways")]
    _gateways: Unsupported,
    #[serde(default, rename = "tls")]
    _tls: Unsupported,
    #[serde(default, rename = "tcp")]
    _tcp: Unsupported,
    #[serde(default, rename = "exportTo")]
    _export_to: Unsupported,
}

/// Istio `DestinationRule`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DestinationRule {
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) subsets: Vec<Subset>,
    #[serde(default, rename = "trafficPolicy")]
    _traffic_policy: Unsupported,
    #[serde(default, rename = "exportTo")]
    _export_to: Unsupported,
    #[serde(default, rename = "workloadSelector")]
    _workload_selector: Unsupported,
}

/// Istio `Subset`; the addresses behind a subset are given by name, so that labels are not compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Subset {
    pub(crate) name: String,
    #[serde(default, rename = "labels")]
    _labels: BTreeMap<String, String>,
    #[serde(default, rename = "trafficPolicy")]
    _traffic_policy: Unsupported,
}
