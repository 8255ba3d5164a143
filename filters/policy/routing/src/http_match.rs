//! A compiled match block: everything it asks for must hold (rule R1).

use meshwright_core::config::escape_pointer;
use meshwright_core::{ConfigError, RequestHead};
use policy_matchers::string_match::{StringMatch, StringMatchConfig};

use crate::config::HttpMatchConfig;
use crate::header_match::HeaderMatch;
use crate::query;

/// A compiled Istio `HTTPMatchRequest`.
#[derive(Debug, Clone)]
pub(crate) struct HttpMatch {
    uri: StringMatch,
    method: Option<StringMatch>,
    authority: Option<StringMatch>,
    scheme: Option<StringMatch>,
    headers: Vec<HeaderMatch>,
    without_headers: Vec<HeaderMatch>,
    query_params: Vec<QueryMatch>,
}

#[derive(Debug, Clone)]
struct QueryMatch {
    name: Box<[u8]>,
    value: StringMatch,
}

// === impl HttpMatch ===

impl HttpMatch {
    /// Errors are relative to the block.
    pub(crate) fn compile(config: &HttpMatchConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            uri: uri(config).map_err(|error| error.under("/uri"))?,
            method: optional(config.method.as_ref(), "/method")?,
            authority: optional(config.authority.as_ref(), "/authority")?,
            scheme: optional(config.scheme.as_ref(), "/scheme")?,
            headers: HeaderMatch::compile_all(&config.headers)
                .map_err(|error| error.under("/headers"))?,
            without_headers: HeaderMatch::compile_all(&config.without_headers)
                .map_err(|error| error.under("/withoutHeaders"))?,
            query_params: query_params(config).map_err(|error| error.under("/queryParams"))?,
        })
    }

    /// Whether a request with this path (query removed) matches.
    pub(crate) fn matches(&self, path: &[u8], head: &RequestHead) -> bool {
        self.uri.matches(path)
            && holds(self.method.as_ref(), head.method())
            && holds(self.authority.as_ref(), head.authority())
            && holds(self.scheme.as_ref(), head.scheme())
            && self
                .headers
                .iter()
                .all(|header| header.matches(head.headers()))
            && self
                .without_headers
                .iter()
                .all(|header| header.matches_without(head.headers()))
            && self.query_matches(head)
    }

    fn query_matches(&self, head: &RequestHead) -> bool {
        let query = head.query().unwrap_or_default();
        self.query_params
            .iter()
            .all(|parameter| parameter.matches(query))
    }
}

// === impl QueryMatch ===

impl QueryMatch {
    fn matches(&self, query: &[u8]) -> bool {
        query::first_value(query, &self.name).is_some_and(|value| self.value.matches(value))
    }
}

// Without a path condition Istio writes the prefix `/`, which leaves out `OPTIONS *` (rule J20).
fn uri(config: &HttpMatchConfig) -> Result<StringMatch, ConfigError> {
    let uri = config
        .uri
        .as_ref()
        .map_or(Ok(StringMatch::Any), StringMatchConfig::compile)?;
    Ok(match uri {
        StringMatch::Any => StringMatch::Prefix(b"/"[..].into()),
        uri if config.ignore_uri_case => uri.ignoring_case(),
        uri => uri,
    })
}

fn optional(
    config: Option<&StringMatchConfig>,
    pointer: &str,
) -> Result<Option<StringMatch>, ConfigError> {
    config
        .map(StringMatchConfig::compile_or_presence)
        .transpose()
        .map_err(|error| error.under(pointer))
}

fn query_params(config: &HttpMatchConfig) -> Result<Vec<QueryMatch>, ConfigError> {
    let compile = |(name, value): (&String, &StringMatchConfig)| match value.compile_or_presence() {
        Ok(value) => Ok(QueryMatch {
            name: name.as_bytes().into(),
            value,
        }),
        Err(error) => Err(error.under(&format!("/{}", escape_pointer(name)))),
    };
    config.query_params.iter().map(compile).collect()
}

fn holds(condition: Option<&StringMatch>, value: Option<&[u8]>) -> bool {
    condition.is_none_or(|condition| value.is_some_and(|value| condition.matches(value)))
}
