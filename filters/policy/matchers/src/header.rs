//! Matching a request header, as `request.headers[name]` does (rule A23).
//! Every value of a repeated header is tested on its own (CVE-2026-26308): joined values match nothing.

use meshwright_core::headers::is_header_name;
use meshwright_core::{ConfigError, Headers};

use crate::pattern::Pattern;

/// The name of a header or pseudo header, ready to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(String);

/// A header and the values it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatcher {
    name: HeaderName,
    patterns: Vec<Pattern>,
}

// === impl HeaderName ===

impl HeaderName {
    /// Reads a name; upper and lower case are the same, `_` and `-` are not (rule A23).
    ///
    /// # Errors
    /// A [`ConfigError`] when no header (RFC 9110 section 5.1) or pseudo header can have that name.
    pub fn parse(name: &str) -> Result<Self, ConfigError> {
        let token = name.strip_prefix(':').unwrap_or(name);
        if !is_header_name(token) {
            return Err(ConfigError::new(
                "",
                format!("`{name}` is not a header name"),
            ));
        }
        Ok(Self(canonical(name)))
    }
}

// === impl HeaderMatcher ===

impl HeaderMatcher {
    /// A matcher for the header `name`.
    #[must_use]
    pub fn new(name: HeaderName, patterns: Vec<Pattern>) -> Self {
        Self { name, patterns }
    }

    /// Whether any value of the header matches; a missing header never does.
    #[must_use]
    pub fn matches(&self, headers: &Headers) -> bool {
        headers
            .get_all(&self.name.0)
            .any(|value| self.patterns.iter().any(|pattern| pattern.matches(value)))
    }
}

// Envoy keeps `host` as `:authority` and finds it by both names (source/common/http/header_map_impl.cc,
// "map a legacy host header").
fn canonical(name: &str) -> String {
    match name.to_ascii_lowercase() {
        host if host == "host" => ":authority".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(name: &str, value: &str) -> HeaderMatcher {
        HeaderMatcher::new(
            HeaderName::parse(name).unwrap(),
            vec![Pattern::for_header(value)],
        )
    }

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().copied().collect()
    }

    #[test]
    fn any_value_of_a_repeated_header_matches_on_its_own() {
        let twice = headers(&[("x", "a"), ("x", "b")]);
        assert!(matcher("x", "a").matches(&twice) && matcher("x", "b").matches(&twice));
        assert!(!matcher("x", "a,b").matches(&twice));
    }

    #[test]
    fn one_line_with_a_comma_is_one_value() {
        let once = headers(&[("x", "a,b")]);
        assert!(matcher("x", "a,b").matches(&once));
        assert!(!matcher("x", "a").matches(&once));
    }

    #[test]
    fn name_ignores_case_but_not_underscores() {
        assert!(matcher("X-User", "a").matches(&headers(&[("x-user", "a")])));
        assert!(!matcher("x_user", "a").matches(&headers(&[("x-user", "a")])));
    }

    #[test]
    fn presence_needs_the_header_but_no_value() {
        assert!(matcher("x", "*").matches(&headers(&[("x", "")])));
        assert!(!matcher("x", "*").matches(&headers(&[("y", "1")])));
    }

    #[test]
    fn host_is_the_authority() {
        assert!(matcher("Host", "a.example").matches(&headers(&[(":authority", "a.example")])));
    }

    #[test]
    fn impossible_names_are_refused() {
        for name in ["", ":", "a b", "a[b]", "a:b", "é"] {
            assert!(HeaderName::parse(name).is_err(), "{name}");
        }
        assert!(HeaderName::parse(":path").is_ok());
    }
}
