//! Istio `HTTPRoute` and its destinations, as JSON.
//! What changes a request or a response on the way is refused for now: only the choice of a destination is made here.

use meshwright_core::config::Unsupported;
use serde::{Deserialize, Serialize};

use super::HttpMatchConfig;

/// An Istio `HTTPRoute`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpRouteConfig {
    /// Shown in the reason of the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Blocks of which one must match; without any, every request matches (rule R1).
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<HttpMatchConfig>,
    /// Where the request goes (rule R11).
    #[serde(default)]
    pub route: Vec<RouteDestinationConfig>,
    #[serde(default, skip_serializing)]
    redirect: Unsupported,
    #[serde(default, skip_serializing)]
    direct_response: Unsupported,
    #[serde(default, skip_serializing)]
    delegate: Unsupported,
    #[serde(default, skip_serializing)]
    rewrite: Unsupported,
    #[serde(default, skip_serializing)]
    timeout: Unsupported,
    #[serde(default, skip_serializing)]
    retries: Unsupported,
    #[serde(default, skip_serializing)]
    fault: Unsupported,
    #[serde(default, skip_serializing)]
    mirror: Unsupported,
    #[serde(default, skip_serializing)]
    mirrors: Unsupported,
    #[serde(default, skip_serializing)]
    mirror_percent: Unsupported,
    #[serde(default, skip_serializing)]
    mirror_percentage: Unsupported,
    #[serde(default, skip_serializing)]
    cors_policy: Unsupported,
    #[serde(default, skip_serializing)]
    headers: Unsupported,
}

/// An Istio `HTTPRouteDestination`: a destination and its share of the requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct RouteDestinationConfig {
    /// Where to.
    pub destination: DestinationConfig,
    /// The share, relative to the sum of the list (rule R11); absent is 0, as in protobuf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    #[serde(default, skip_serializing)]
    headers: Unsupported,
}

/// An Istio `Destination`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DestinationConfig {
    /// The service.
    pub host: String,
    /// A subset that a DestinationRule defines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The port of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortSelector>,
}

/// An Istio `PortSelector`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PortSelector {
    /// The port number.
    pub number: u16,
}

// === impl HttpRouteConfig ===

impl HttpRouteConfig {
    /// A rule for every request, with one destination.
    #[must_use]
    pub fn to(destination: DestinationConfig) -> Self {
        Self {
            route: vec![RouteDestinationConfig {
                destination,
                ..RouteDestinationConfig::default()
            }],
            ..Self::default()
        }
    }
}

// === impl DestinationConfig ===

impl DestinationConfig {
    /// A host without subset and port.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            ..Self::default()
        }
    }

    /// Istio's name of the destination's cluster, `outbound|<port>|<subset>|<host>`; what is not given is empty.
    #[must_use]
    pub fn cluster_name(&self) -> String {
        let port = self.port.map(|port| port.number.to_string());
        let port = port.as_deref().unwrap_or_default();
        let subset = self.subset.as_deref().unwrap_or_default();
        format!("outbound|{port}|{subset}|{}", self.host)
    }
}

// === impl PortSelector ===

impl From<u16> for PortSelector {
    fn from(number: u16) -> Self {
        Self { number }
    }
}
