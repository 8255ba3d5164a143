//! A compiled http rule: its name, when it matches, where it sends the request.

use std::sync::Arc;

use meshwright_core::{ConfigError, RequestHead};

use crate::config::{HttpMatchConfig, HttpRouteConfig, VirtualServiceConfig};
use crate::destinations::Destinations;
use crate::http_match::HttpMatch;

/// A compiled Istio `HTTPRoute`.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) destinations: Destinations,
    blocks: Vec<HttpMatch>,
}

// === impl Rule ===

impl Rule {
    /// The rules of a virtual service, in order. Errors are relative to it.
    pub(crate) fn compile_all(service: &VirtualServiceConfig) -> Result<Vec<Self>, ConfigError> {
        if service.http.is_empty() {
            return Err(ConfigError::new(
                "/http",
                "a virtual service needs at least one http rule",
            ));
        }
        let compile = |(index, route): (usize, &HttpRouteConfig)| {
            Self::compile(rule_name(service, index, route), route)
                .map_err(|error| error.under(&format!("/http/{index}")))
        };
        service.http.iter().enumerate().map(compile).collect()
    }

    /// Whether one of the match blocks matches (rule R1).
    pub(crate) fn matches(&self, path: &[u8], head: &RequestHead) -> bool {
        self.blocks.iter().any(|block| block.matches(path, head))
    }

    fn compile(name: Arc<str>, route: &HttpRouteConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            name,
            destinations: Destinations::compile(&route.route)
                .map_err(|error| error.under("/route"))?,
            blocks: blocks(&route.matches)?,
        })
    }
}

// A rule without match blocks matches as one empty block does.
fn blocks(matches: &[HttpMatchConfig]) -> Result<Vec<HttpMatch>, ConfigError> {
    if matches.is_empty() {
        return Ok(vec![HttpMatch::compile(&HttpMatchConfig::default())?]);
    }
    let compile = |(index, block)| {
        HttpMatch::compile(block).map_err(|error| error.under(&format!("/match/{index}")))
    };
    matches.iter().enumerate().map(compile).collect()
}

fn rule_name(service: &VirtualServiceConfig, index: usize, route: &HttpRouteConfig) -> Arc<str> {
    let place = format!(
        "ns[{}]-virtualservice[{}]-http[{index}]",
        service.namespace, service.name
    );
    match &route.name {
        Some(name) => format!("{place}-name[{name}]").into(),
        None => place.into(),
    }
}
