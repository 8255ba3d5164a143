//! The compiled router: from a request head to the cluster it belongs to.

use meshwright_core::config::from_json;
use meshwright_core::{ConfigError, Effects, Reason, RequestHead, Verdict, state};

use crate::config::{Config, VirtualServiceConfig};
use crate::domains::{DomainError, Domains};
use crate::rule::Rule;

/// The reason code when a rule chose the destination.
pub const MATCHED: &str = "routing.matched";

/// The reason code when no virtual service or no rule matches; the proxy then has no route and answers 404.
pub const NO_MATCH: &str = "routing.no_match";

/// VirtualServices, compiled: an index of domains, and the ordered rules of each service.
#[derive(Debug, Clone)]
pub struct Router {
    domains: Domains,
    services: Vec<Vec<Rule>>,
}

// === impl Router ===

impl Router {
    /// Compiles the JSON form of a [`Config`].
    ///
    /// # Errors
    /// A [`ConfigError`] that names the first place that cannot be used.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::from_config(&from_json(json)?)
    }

    /// Compiles a configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the first place that cannot be used.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let mut domains = Domains::default();
        let mut services = Vec::with_capacity(config.virtual_services.len());
        for (index, service) in config.virtual_services.iter().enumerate() {
            let place = format!("/virtualServices/{index}");
            add_hosts(&mut domains, config, index, service).map_err(|error| error.under(&place))?;
            services.push(Rule::compile_all(service).map_err(|error| error.under(&place))?);
        }
        Ok(Self { domains, services })
    }

    /// Chooses the destination of a request: the first rule that matches in the virtual service of its authority
    /// (rules R1, R9), and among that rule's destinations by `random` (rule R12).
    ///
    /// The cluster name is left as stream state under [`state::DESTINATION`].
    pub fn assign(&self, head: &RequestHead, random: u64) -> Verdict {
        let Some(rule) = self.find(head) else {
            return Verdict::proceed(NO_MATCH);
        };
        let cluster = rule.destinations.pick(random).as_bytes().to_vec();
        let effects = Effects {
            state: vec![(state::DESTINATION, cluster)],
            clear_route_cache: true,
            ..Effects::default()
        };
        Verdict::proceed_with(effects, Reason::of_rule(MATCHED, rule.name.clone()))
    }

    // A request without path (CONNECT) has no route, not even by a rule for everything (rule J20).
    fn find(&self, head: &RequestHead) -> Option<&Rule> {
        let path = head.path()?;
        let service = self.domains.find(head.authority()?)?;
        self.services
            .get(service)?
            .iter()
            .find(|rule| rule.matches(path, head))
    }
}

fn add_hosts(
    domains: &mut Domains,
    config: &Config,
    index: usize,
    service: &VirtualServiceConfig,
) -> Result<(), ConfigError> {
    if service.hosts.is_empty() {
        return Err(ConfigError::new(
            "/hosts",
            "a virtual service needs at least one host",
        ));
    }
    for (position, host) in service.hosts.iter().enumerate() {
        domains.insert(host, index).map_err(|error| {
            ConfigError::new(format!("/hosts/{position}"), explain(error, host, config))
        })?;
    }
    Ok(())
}

fn explain(error: DomainError, host: &str, config: &Config) -> String {
    match error {
        DomainError::Empty => "a host must not be empty".into(),
        DomainError::InnerStar => {
            format!("the host `{host}` has a `*` that is neither first nor last")
        }
        DomainError::Port => format!("the host `{host}` has a port, and ports are not compared"),
        DomainError::Taken(owner) => format!(
            "the host `{host}` belongs to {} already",
            service_name(config, owner)
        ),
    }
}

fn service_name(config: &Config, index: usize) -> String {
    match config.virtual_services.get(index) {
        Some(service) => format!(
            "the virtual service `{}/{}`",
            service.namespace, service.name
        ),
        None => "another virtual service".into(),
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "`json!` reads best in place")]
mod tests;
