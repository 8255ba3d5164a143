//! From resources to the configuration of each plugin, with every error that can be found in one go.

mod policies;
mod routes;

use std::collections::BTreeSet;

use meshwright_core::ConfigError;
use serde::de::DeserializeOwned;

use crate::document::{Document, Kind};
use crate::resource::{Resource, ResourceError};
use crate::service::Service;
use crate::workload::Workload;

/// What the plugins of one workload are configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginConfigs {
    /// For jwt-auth; `None` when no RequestAuthentication with rules applies.
    pub jwt_auth: Option<policy_jwt::Config>,
    /// For authz; `None` when no AuthorizationPolicy applies.
    pub authz: Option<policy_authz::Config>,
    /// For ab-router.
    pub ab_router: policy_routing::Config,
    /// Every cluster that ab-router may choose.
    pub destinations: Vec<Destination>,
}

/// A cluster and the address it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// `outbound|<port>|<subset>|<full host>`.
    pub cluster: String,
    /// The service, as [`Service::host`] has it.
    pub host: String,
    /// The namespace of the service.
    pub namespace: String,
    /// The subset, if the destination names one.
    pub subset: Option<String>,
}

/// A document, and where it came from.
struct Source<'r> {
    index: usize,
    resource: &'r Resource,
    document: Document,
}

/// Compiles `resources` for `workload`; destinations must be among `services`.
///
/// # Errors
/// Every resource that cannot be used, with the place in it.
pub fn compile(
    resources: &[Resource],
    services: &[Service],
    workload: &Workload,
) -> Result<PluginConfigs, Vec<ResourceError>> {
    let mut errors = Vec::new();
    let sources = read(resources, &mut errors);
    let jwt_auth = policies::jwt_auth(&sources, workload, &mut errors);
    let authz = policies::authz(&sources, workload, &mut errors);
    let (ab_router, destinations) = routes::ab_router(&sources, services, workload, &mut errors);
    if errors.is_empty() {
        return Ok(PluginConfigs {
            jwt_auth,
            authz,
            ab_router,
            destinations,
        });
    }
    errors.sort_by_key(|error| error.index);
    Err(errors)
}

fn read<'r>(resources: &'r [Resource], errors: &mut Vec<ResourceError>) -> Vec<Source<'r>> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        match Document::read(&resource.document) {
            Ok(document)
                if seen.insert((
                    document.kind,
                    document.namespace.clone(),
                    document.name.clone(),
                )) =>
            {
                sources.push(Source {
                    index,
                    resource,
                    document,
                });
            }
            Ok(_) => errors.push(resource.error(
                index,
                ConfigError::new(
                    "/metadata/name",
                    "there is another resource of this kind, namespace and name",
                ),
            )),
            Err(error) => errors.push(resource.error(index, error)),
        }
    }
    sources
}

// === impl Source ===

impl Source<'_> {
    fn error(&self, error: ConfigError) -> ResourceError {
        self.resource.error(self.index, error)
    }
}

/// The sources of one kind, each with its spec; specs that cannot be read become errors.
fn of_kind<'a, T: DeserializeOwned>(
    sources: &'a [Source<'a>],
    kind: Kind,
    errors: &mut Vec<ResourceError>,
) -> Vec<(&'a Source<'a>, T)> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.document.kind == kind) {
        match source.document.spec() {
            Ok(spec) => found.push((source, spec)),
            Err(error) => errors.push(source.error(error)),
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "`json!` reads best in place")]
mod tests;
