//! What destinations may name: services with an address, and the subsets that DestinationRules define.

use std::collections::{BTreeMap, BTreeSet};

use meshwright_core::ConfigError;
use policy_routing::config::{DestinationConfig, PortSelector};

use crate::host::{covers, full_name};
use crate::resource::ResourceError;
use crate::service::Service;

/// Services by full name, and subsets by the host of their DestinationRule.
#[derive(Default)]
pub(crate) struct Registry<'s> {
    services: BTreeMap<String, &'s Service>,
    subsets: BTreeSet<(String, String)>,
}

// === impl Registry ===

impl<'s> Registry<'s> {
    pub(crate) fn new(services: &'s [Service], errors: &mut Vec<ResourceError>) -> Self {
        let mut registry = Self::default();
        for service in services {
            let name = full_name(&service.host, &service.namespace);
            if registry.services.insert(name.clone(), service).is_some() {
                errors.push(twice(&name));
            }
        }
        registry
    }

    /// Adds a subset of the hosts that a DestinationRule covers.
    pub(crate) fn add_subset(&mut self, host: &str, subset: &str) {
        self.subsets.insert((host.to_owned(), subset.to_owned()));
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, &'s Service)> {
        self.services
            .iter()
            .map(|(name, service)| (name.as_str(), *service))
    }

    /// Completes a destination written in `namespace`: full host, and the port of the service where none is given.
    /// Errors are relative to the destination.
    pub(crate) fn resolve(
        &self,
        destination: &mut DestinationConfig,
        namespace: &str,
    ) -> Result<&'s Service, ConfigError> {
        let name = full_name(&destination.host, namespace);
        let service = self
            .services
            .get(&name)
            .copied()
            .ok_or_else(|| self.unknown_service(&name))?;
        match &destination.subset {
            Some(subset) => self.check_subset(&name, subset, service)?,
            None if service.has_default => {}
            None => {
                return Err(ConfigError::new(
                    "/host",
                    format!(
                        "`{name}` has addresses for subsets only; name one of {}",
                        list(&service.subsets)
                    ),
                ));
            }
        }
        destination.port = port(destination.port, service, &name)?;
        destination.host = name;
        Ok(service)
    }

    fn check_subset(&self, name: &str, subset: &str, service: &Service) -> Result<(), ConfigError> {
        let defined = self
            .subsets
            .iter()
            .any(|(host, known)| known == subset && covers(host, name));
        if !defined {
            return Err(ConfigError::new(
                "/subset",
                format!("no DestinationRule for `{name}` defines the subset `{subset}`"),
            ));
        }
        if !service.subsets.iter().any(|known| known == subset) {
            return Err(ConfigError::new(
                "/subset",
                format!(
                    "there is no address for the subset `{subset}` of `{name}`; known: {}",
                    list(&service.subsets)
                ),
            ));
        }
        Ok(())
    }

    fn unknown_service(&self, name: &str) -> ConfigError {
        let known: Vec<String> = self.services.keys().cloned().collect();
        ConfigError::new(
            "/host",
            format!(
                "there is no address for the service `{name}`; known: {}",
                list(&known)
            ),
        )
    }
}

fn port(
    asked: Option<PortSelector>,
    service: &Service,
    name: &str,
) -> Result<Option<PortSelector>, ConfigError> {
    match (asked, service.port) {
        (Some(asked), Some(known)) if asked.number != known => Err(ConfigError::new(
            "/port/number",
            format!("`{name}` has the port {known}, not {}", asked.number),
        )),
        (Some(asked), _) => Ok(Some(asked)),
        (None, known) => Ok(known.map(PortSelector::from)),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn twice(name: &str) -> ResourceError {
    ResourceError {
        index: None,
        resource: "services".into(),
        error: ConfigError::new("", format!("the service `{name}` is given twice")),
    }
}
