//! The configuration of the router: Istio VirtualServices in Istio's spelling, reduced to what routing needs.
//! A field that Istio has and this crate does not evaluate is refused by name.

mod http_match;
mod http_route;

use serde::{Deserialize, Serialize};

pub use http_match::HttpMatchConfig;
pub use http_route::{DestinationConfig, HttpRouteConfig, PortSelector, RouteDestinationConfig};

/// Everything a [`Router`](crate::Router) is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Config {
    /// Their order does not matter: a domain belongs to one of them (rule R9).
    #[serde(default)]
    pub virtual_services: Vec<VirtualServiceConfig>,
}

/// An Istio `VirtualService`: the domains it answers for and its ordered http rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct VirtualServiceConfig {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// Domains: `a.example`, `*.example`, `a.*` or `*` (rule R9).
    pub hosts: Vec<String>,
    /// Istio `HTTPRoute`s; the first that matches wins (rule R1).
    pub http: Vec<HttpRouteConfig>,
}

// === impl Config ===

impl Config {
    /// A configuration of these virtual services.
    #[must_use]
    pub fn new(virtual_services: Vec<VirtualServiceConfig>) -> Self {
        Self { virtual_services }
    }
}

// === impl VirtualServiceConfig ===

impl VirtualServiceConfig {
    /// A virtual service without domains and rules.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            hosts: Vec::new(),
            http: Vec::new(),
        }
    }
}
