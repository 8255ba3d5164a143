//! Headers of a match block: `headers` (rule R5) and `withoutHeaders` (rule R6).
//! The values of a repeated header are tested one by one, never joined.

use std::collections::BTreeMap;

use meshwright_core::config::escape_pointer;
use meshwright_core::headers::is_header_name;
use meshwright_core::{ConfigError, Headers};
use policy_matchers::string_match::{StringMatch, StringMatchConfig};

/// Keys that Istio's API reserves; its documentation says they are ignored, and a part of a rule that is ignored
/// lets requests through that its author meant to keep out (rule R7).
const RESERVED: [&str; 4] = ["uri", "scheme", "method", "authority"];

/// Claims by header name: `@request.auth.claims.a` or `@request.auth.claims[a]` (rule R7).
const CLAIMS: &str = "@request.auth.claims";

/// A header and what one of its values must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderMatch {
    name: Box<str>,
    value: StringMatch,
}

// === impl HeaderMatch ===

impl HeaderMatch {
    /// Compiles a `headers` or `withoutHeaders` map. Errors are relative to it.
    pub(crate) fn compile_all(
        headers: &BTreeMap<String, StringMatchConfig>,
    ) -> Result<Vec<Self>, ConfigError> {
        let compile = |(name, value): (&String, &StringMatchConfig)| {
            Self::compile(name, value)
                .map_err(|error| error.under(&format!("/{}", escape_pointer(name))))
        };
        headers.iter().map(compile).collect()
    }

    /// Whether some value matches; a missing header never does.
    pub(crate) fn matches(&self, headers: &Headers) -> bool {
        headers
            .get_all(&self.name)
            .any(|value| self.value.matches(value))
    }

    /// Whether no value matches. A missing header counts as an empty value, unless only presence is asked for.
    pub(crate) fn matches_without(&self, headers: &Headers) -> bool {
        let missing = headers.get(&self.name).is_none();
        match self.value {
            StringMatch::Any => missing,
            _ if missing => !self.value.matches(b""),
            _ => !self.matches(headers),
        }
    }

    fn compile(name: &str, value: &StringMatchConfig) -> Result<Self, ConfigError> {
        if let Some(problem) = problem(name) {
            return Err(ConfigError::new("", problem));
        }
        // Envoy keeps HTTP/1 `Host` under `:authority` and finds it by either name.
        let name = if name.eq_ignore_ascii_case("host") {
            ":authority"
        } else {
            name
        };
        Ok(Self {
            name: name.into(),
            value: value.compile_or_presence()?,
        })
    }
}

fn problem(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!(
            "`{name}` is no header; use the field `{name}` of the match block"
        ));
    }
    if name.starts_with(CLAIMS) {
        return Some(format!(
            "matching on claims (`{name}`) is not supported yet"
        ));
    }
    if !is_header_name(name) {
        return Some(format!("`{name}` is not a header name"));
    }
    None
}
