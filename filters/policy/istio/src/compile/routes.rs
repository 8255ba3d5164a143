//! The configuration of ab-router: VirtualServices with complete hosts and destinations, and a rule for everything
//! for each service that no VirtualService covers, named `default` as Istio names it.

use std::collections::BTreeSet;

use meshwright_core::ConfigError;
use policy_routing::Router;
use policy_routing::config::{DestinationConfig, HttpRouteConfig, VirtualServiceConfig};

use super::{Destination, Source, of_kind};
use crate::document::Kind;
use crate::host::full_name;
use crate::kinds::{DestinationRule, VirtualService};
use crate::ownership::{Domains, Hosts, Ownership};
use crate::registry::Registry;
use crate::resource::ResourceError;
use crate::service::Service;
use crate::workload::Workload;

type Found<'a> = Vec<(&'a Source<'a>, VirtualService)>;

/// The configuration, and every destination it names.
pub(super) fn ab_router(
    sources: &[Source<'_>],
    services: &[Service],
    workload: &Workload,
    errors: &mut Vec<ResourceError>,
) -> (policy_routing::Config, Vec<Destination>) {
    let registry = registry(sources, services, errors);
    let mut destinations = BTreeSet::new();
    let mut found = of_kind::<VirtualService>(sources, Kind::VirtualService, errors);
    for (source, spec) in &mut found {
        resolve(source, spec, &registry, &mut destinations, errors);
    }
    let (domains, generated) = share_out(&found, &registry, workload, &mut destinations);
    let config = assemble(found, domains, generated, errors);
    (config, destinations.into_iter().collect())
}

fn registry<'s>(
    sources: &[Source<'_>],
    services: &'s [Service],
    errors: &mut Vec<ResourceError>,
) -> Registry<'s> {
    let mut registry = Registry::new(services, errors);
    for (source, rule) in of_kind::<DestinationRule>(sources, Kind::DestinationRule, errors) {
        let host = full_name(&rule.host, &source.document.namespace);
        for subset in &rule.subsets {
            registry.add_subset(&host, &subset.name);
        }
    }
    registry
}

fn resolve(
    source: &Source<'_>,
    spec: &mut VirtualService,
    registry: &Registry<'_>,
    destinations: &mut BTreeSet<Destination>,
    errors: &mut Vec<ResourceError>,
) {
    for (rule, http) in spec.http.iter_mut().enumerate() {
        for (entry, route) in http.route.iter_mut().enumerate() {
            match registry.resolve(&mut route.destination, &source.document.namespace) {
                Ok(service) => {
                    destinations.insert(destination(&route.destination, service));
                }
                Err(error) => {
                    errors.push(source.error(
                        error.under(&format!("/spec/http/{rule}/route/{entry}/destination")),
                    ));
                }
            }
        }
    }
}

// The domains of each VirtualService, and the virtual services of what they leave over.
fn share_out(
    found: &Found<'_>,
    registry: &Registry<'_>,
    workload: &Workload,
    destinations: &mut BTreeSet<Destination>,
) -> (Vec<Domains>, Vec<VirtualServiceConfig>) {
    let hosts: Vec<Hosts> = found
        .iter()
        .map(|(source, spec)| full_names(spec, &source.document.namespace))
        .collect();
    let mut ownership = Ownership::new(&hosts, &workload.namespace);
    let mut generated = Vec::new();
    for (name, service) in registry.services() {
        let left = ownership.assign(name, &hosts);
        if service.has_default && !left.is_empty() {
            let to = catch_all(name, service);
            destinations.insert(destination(&to, service));
            generated.push(generate(service, left, to));
        }
    }
    (ownership.into_domains(), generated)
}

fn full_names(spec: &VirtualService, namespace: &str) -> Hosts {
    spec.hosts
        .iter()
        .map(|host| full_name(host, namespace))
        .collect()
}

fn catch_all(name: &str, service: &Service) -> DestinationConfig {
    let mut to = DestinationConfig::new(name);
    to.port = service.port.map(Into::into);
    to
}

fn generate(service: &Service, hosts: Vec<String>, to: DestinationConfig) -> VirtualServiceConfig {
    let mut rule = HttpRouteConfig::to(to);
    rule.name = Some("default".into());
    let mut config = VirtualServiceConfig::new(&service.namespace, &service.host);
    config.hosts = hosts;
    config.http = vec![rule];
    config
}

fn destination(config: &DestinationConfig, service: &Service) -> Destination {
    Destination {
        cluster: config.cluster_name(),
        host: service.host.clone(),
        namespace: service.namespace.clone(),
        subset: config.subset.clone(),
    }
}

// Each VirtualService is checked on its own, so that all errors are found; what is left is a host with two owners.
fn assemble(
    found: Found<'_>,
    domains: Vec<Domains>,
    generated: Vec<VirtualServiceConfig>,
    errors: &mut Vec<ResourceError>,
) -> policy_routing::Config {
    let mut origins = Vec::new();
    let mut config = policy_routing::Config::default();
    let before = errors.len();
    for ((source, spec), domains) in found.into_iter().zip(domains) {
        let mut service =
            VirtualServiceConfig::new(&source.document.namespace, &source.document.name);
        service.http = spec.http;
        service.hosts = domains.iter().map(|(domain, _)| domain.clone()).collect();
        let alone = policy_routing::Config::new(vec![service.clone()]);
        origins.push((source, domains));
        errors.extend(check(&alone, origins.last().as_slice()));
        config.virtual_services.push(service);
    }
    config.virtual_services.extend(generated);
    if errors.len() == before {
        errors.extend(check(&config, &origins.iter().collect::<Vec<_>>()));
    }
    config
}

fn check(
    config: &policy_routing::Config,
    origins: &[&(&Source<'_>, Domains)],
) -> Option<ResourceError> {
    let error = Router::from_config(config).err()?;
    Some(match origin(&error.pointer, origins) {
        Some((source, place)) => source.error(ConfigError::new(place, error.message)),
        // Only what was generated has no document.
        None => ResourceError {
            index: None,
            resource: "services".into(),
            error: ConfigError::new("", error.message),
        },
    })
}

fn origin<'a>(
    pointer: &str,
    origins: &[&(&'a Source<'a>, Domains)],
) -> Option<(&'a Source<'a>, String)> {
    let rest = pointer.strip_prefix("/virtualServices/")?;
    let (index, within) = rest.split_once('/').unwrap_or((rest, ""));
    let (source, domains) = origins.get(index.parse::<usize>().ok()?)?;
    Some((source, place(within, domains)))
}

// A domain comes from a host of the spec; everything else is where it was.
fn place(within: &str, domains: &Domains) -> String {
    let position = within
        .strip_prefix("hosts/")
        .and_then(|position| position.parse::<usize>().ok());
    match position.and_then(|position| domains.get(position)) {
        Some((_, host)) => format!("/spec/hosts/{host}"),
        None => format!("/spec/{within}"),
    }
}
