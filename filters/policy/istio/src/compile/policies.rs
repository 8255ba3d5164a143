//! The configurations of jwt-auth and authz: the policies that apply to the workload, merged as Istio merges them.

use meshwright_core::ConfigError;
use policy_authz::Authorizer;
use policy_authz::config::Policy;
use policy_jwt::Authenticator;

use super::{Source, of_kind};
use crate::document::Kind;
use crate::kinds::{AuthorizationPolicy, RequestAuthentication};
use crate::resource::ResourceError;
use crate::workload::{Selector, Workload};

/// The rules of all RequestAuthentications that apply, sorted by issuer (rule J1). Those that do not apply must be
/// in order as well: the next workload may be theirs.
pub(super) fn jwt_auth(
    sources: &[Source<'_>],
    workload: &Workload,
    errors: &mut Vec<ResourceError>,
) -> Option<policy_jwt::Config> {
    let mut rules = Vec::new();
    for (source, spec) in
        of_kind::<RequestAuthentication>(sources, Kind::RequestAuthentication, errors)
    {
        let selected = workload.is_selected(&source.document.namespace, spec.selector.as_ref());
        let config = policy_jwt::Config {
            jwt_rules: spec.jwt_rules,
            ..policy_jwt::Config::default()
        };
        match Selector::check(spec.selector.as_ref()).and_then(|()| check_jwt(&config)) {
            Err(error) => errors.push(source.error(error.under("/spec"))),
            Ok(()) if selected => rules.extend(config.jwt_rules),
            Ok(()) => {}
        }
    }
    rules.sort_by(|a, b| a.issuer.cmp(&b.issuer));
    (!rules.is_empty()).then_some(policy_jwt::Config {
        jwt_rules: rules,
        ..policy_jwt::Config::default()
    })
}

/// The AuthorizationPolicies that apply (rule A2).
pub(super) fn authz(
    sources: &[Source<'_>],
    workload: &Workload,
    errors: &mut Vec<ResourceError>,
) -> Option<policy_authz::Config> {
    let mut policies = Vec::new();
    for (source, spec) in of_kind::<AuthorizationPolicy>(sources, Kind::AuthorizationPolicy, errors)
    {
        let selected = workload.is_selected(&source.document.namespace, spec.selector.as_ref());
        let policy = Policy {
            name: source.document.name.clone(),
            namespace: source.document.namespace.clone(),
            action: spec.action,
            rules: spec.rules,
            ..Policy::default()
        };
        match Selector::check(spec.selector.as_ref()).and_then(|()| check_authz(&policy)) {
            Err(error) => errors.push(source.error(error.under("/spec"))),
            Ok(()) if selected => policies.push(policy),
            Ok(()) => {}
        }
    }
    (!policies.is_empty()).then_some(policy_authz::Config { policies })
}

fn check_jwt(config: &policy_jwt::Config) -> Result<(), ConfigError> {
    Authenticator::from_config(config).map(drop)
}

// The policy stands alone here, so that its place in the configuration is known.
fn check_authz(policy: &Policy) -> Result<(), ConfigError> {
    let config = policy_authz::Config {
        policies: vec![policy.clone()],
    };
    Authorizer::new(&config).map(drop).map_err(|mut error| {
        if let Some(within) = error.pointer.strip_prefix("/policies/0") {
            error.pointer = within.to_owned();
        }
        error
    })
}
