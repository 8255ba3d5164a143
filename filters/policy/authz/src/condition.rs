//! `when[]`: an attribute named by a key (rules A21-A25).
//! A key that is not known is refused: dropping the rule, as Istio's builder does, would void a DENY (rule A5).

use meshwright_core::ConfigError;
use policy_matchers::claim::ClaimPath;
use policy_matchers::header::HeaderName;

use crate::clause::{Clause, Clauses};
use crate::config::Condition;
use crate::predicate::Predicate;

/// Keys that Istio has and this version does not.
const UNSUPPORTED: [&str; 3] = [
    "source.serviceAccount",
    "source.trustDomain",
    "experimental.envoy.filters.",
];

/// What a key names.
#[derive(Debug, Clone)]
enum Key {
    Attribute(fn(&[String]) -> Result<Predicate, ConfigError>),
    Header(HeaderName),
    Claim(ClaimPath),
}

/// Compiles one condition to the clauses that must all hold.
pub(crate) fn compile(condition: &Condition) -> Result<Vec<Clause>, ConfigError> {
    let key = Key::parse(&condition.key).map_err(|error| error.under("/key"))?;
    Clauses::default()
        .any_of("values", &condition.values, |values| key.predicate(values))?
        .none_of("notValues", &condition.not_values, |values| {
            key.predicate(values)
        })?
        .or_refuse("at least one of `values` and `notValues` must have a value")
}

// === impl Key ===

impl Key {
    fn parse(key: &str) -> Result<Self, ConfigError> {
        if let Some(brackets) = key.strip_prefix("request.auth.claims") {
            return ClaimPath::parse(brackets)
                .map(Self::Claim)
                .map_err(|error| bad(key, &error));
        }
        if let Some(name) = key
            .strip_prefix("request.headers[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return HeaderName::parse(name)
                .map(Self::Header)
                .map_err(|error| bad(key, &error));
        }
        Self::named(key).ok_or_else(|| unknown(key))
    }

    fn named(key: &str) -> Option<Self> {
        Some(match key {
            "request.auth.principal" => Self::Attribute(Predicate::request_principal),
            "request.auth.audiences" => Self::Claim(ClaimPath::top("aud")),
            "request.auth.presenter" => Self::Claim(ClaimPath::top("azp")),
            "source.ip" => Self::Attribute(Predicate::source_ip),
            "remote.ip" => Self::Attribute(Predicate::remote_ip),
            "source.principal" => Self::Attribute(Predicate::principal),
            "source.namespace" => Self::Attribute(Predicate::namespace),
            "destination.ip" => Self::Attribute(Predicate::destination_ip),
            "destination.port" => Self::Attribute(Predicate::destination_port),
            "connection.sni" => Self::Attribute(Predicate::sni),
            _ => return None,
        })
    }

    fn predicate(&self, values: &[String]) -> Result<Predicate, ConfigError> {
        match self {
            Self::Attribute(compile) => compile(values),
            Self::Header(name) => Predicate::header(name.clone(), values),
            Self::Claim(path) => Predicate::claim(path.clone(), values),
        }
    }
}

fn bad(key: &str, cause: &ConfigError) -> ConfigError {
    ConfigError::new("", format!("bad condition key `{key}`: {}", cause.message))
}

fn unknown(key: &str) -> ConfigError {
    if UNSUPPORTED.iter().any(|prefix| key.starts_with(prefix)) {
        return ConfigError::new("", format!("condition key `{key}` is not supported yet"));
    }
    let message = format!(
        "`{key}` is not a condition key; try `request.headers[name]` or `request.auth.claims[name]`"
    );
    ConfigError::new("", message)
}
