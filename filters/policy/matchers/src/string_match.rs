//! Istio `StringMatch` (networking.istio.io): exact, prefix, or regex, tested on bytes.
//! Rules R3 to R6: values are case-sensitive, a regex must match the whole value, and `{}` asks only for presence.

use meshwright_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::regex::Regex;

/// `StringMatch` as Istio spells it. At most one field may be set; none means "any value".
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StringMatchConfig {
    /// The whole value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// How the value starts; empty is allowed (rule R3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// An RE2 pattern for the whole value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

/// A compiled `StringMatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StringMatch {
    /// Any value, empty ones included (rule R5).
    Any,
    /// The same bytes.
    Exact(Box<[u8]>),
    /// These bytes first.
    Prefix(Box<[u8]>),
    /// The same bytes, ASCII case apart.
    ExactIgnoringCase(Box<[u8]>),
    /// These bytes first, ASCII case apart.
    PrefixIgnoringCase(Box<[u8]>),
    /// The whole value by RE2.
    Regex(Regex),
}

// === impl StringMatchConfig ===

impl StringMatchConfig {
    /// Compiles the match; no field at all gives [`StringMatch::Any`].
    ///
    /// # Errors
    /// A [`ConfigError`] relative to this object: two fields set, or an unusable regex.
    pub fn compile(&self) -> Result<StringMatch, ConfigError> {
        match (&self.exact, &self.prefix, &self.regex) {
            (None, None, None) => Ok(StringMatch::Any),
            (Some(exact), None, None) => Ok(StringMatch::Exact(exact.as_bytes().into())),
            (None, Some(prefix), None) => Ok(StringMatch::Prefix(prefix.as_bytes().into())),
            (None, None, Some(pattern)) => Regex::new(pattern)
                .map(StringMatch::Regex)
                .map_err(|error| error.under("/regex")),
            _ => Err(ConfigError::new(
                "",
                "only one of `exact`, `prefix` and `regex` may be set",
            )),
        }
    }

    /// Compiles the match where Istio reads the regex `*` (which RE2 would refuse) as presence: headers, query
    /// parameters, method, authority and scheme (rule R5).
    ///
    /// # Errors
    /// As for [`compile`](Self::compile).
    pub fn compile_or_presence(&self) -> Result<StringMatch, ConfigError> {
        match self {
            Self {
                exact: None,
                prefix: None,
                regex: Some(star),
            } if star == "*" => Ok(StringMatch::Any),
            other => other.compile(),
        }
    }
}

// === impl StringMatch ===

impl StringMatch {
    /// Whether `value` matches.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => value == &**exact,
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::ExactIgnoringCase(exact) => value.eq_ignore_ascii_case(exact),
            Self::PrefixIgnoringCase(prefix) => value
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
            Self::Regex(regex) => regex.matches(value),
        }
    }

    /// The same match without regard to ASCII case. A regex stays as it is (rule R3, `ignoreUriCase`).
    #[must_use]
    pub fn ignoring_case(self) -> Self {
        match self {
            Self::Exact(exact) => Self::ExactIgnoringCase(exact),
            Self::Prefix(prefix) => Self::PrefixIgnoringCase(prefix),
            Self::Any
            | Self::ExactIgnoringCase(_)
            | Self::PrefixIgnoringCase(_)
            | Self::Regex(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compiled(config: serde_json::Value) -> StringMatch {
        serde_json::from_value::<StringMatchConfig>(config)
            .unwrap()
            .compile_or_presence()
            .unwrap()
    }

    fn error(config: serde_json::Value) -> String {
        let config: StringMatchConfig = serde_json::from_value(config).unwrap();
        config.compile().unwrap_err().to_string()
    }

    #[test]
    fn exact_is_the_whole_value_and_case_sensitive() {
        let exact = compiled(json!({"exact": "jason"}));
        assert!(exact.matches(b"jason"));
        assert!(!exact.matches(b"Jason"));
        assert!(!exact.matches(b"jason "));
        assert!(!exact.matches(b""));
    }

    #[test]
    fn exact_empty_matches_only_an_empty_value() {
        assert!(compiled(json!({"exact": ""})).matches(b""));
        assert!(!compiled(json!({"exact": ""})).matches(b"x"));
    }

    #[test]
    fn prefix_is_a_plain_string_prefix_and_may_be_empty() {
        assert!(compiled(json!({"prefix": "/a/b"})).matches(b"/a/bc"));
        assert!(!compiled(json!({"prefix": "/a/b"})).matches(b"/a"));
        assert!(compiled(json!({"prefix": ""})).matches(b""));
    }

    #[test]
    fn no_field_and_the_regex_star_mean_any_value() {
        assert_eq!(compiled(json!({})), StringMatch::Any);
        assert_eq!(compiled(json!({"regex": "*"})), StringMatch::Any);
        assert!(StringMatch::Any.matches(b""));
    }

    #[test]
    fn the_regex_star_is_no_regex_where_presence_is_not_meant() {
        assert!(
            error(json!({"regex": "*"})).starts_with(
                "at /regex: the regular expression `*` cannot be used: there is nothing"
            )
        );
    }

    #[test]
    fn regex_must_match_the_whole_value() {
        assert!(compiled(json!({"regex": "v[0-9]"})).matches(b"v1"));
        assert!(!compiled(json!({"regex": "v[0-9]"})).matches(b"v12"));
    }

    #[test]
    fn two_fields_are_an_error() {
        assert_eq!(
            error(json!({"exact": "a", "prefix": "b"})),
            "only one of `exact`, `prefix` and `regex` may be set"
        );
    }

    #[test]
    fn ignoring_case_covers_exact_and_prefix_but_not_regex() {
        assert!(
            compiled(json!({"exact": "/Login"}))
                .ignoring_case()
                .matches(b"/lOGIN")
        );
        assert!(
            compiled(json!({"prefix": "/Login"}))
                .ignoring_case()
                .matches(b"/LOGIN/now")
        );
        assert!(
            !compiled(json!({"prefix": "/Login"}))
                .ignoring_case()
                .matches(b"/LOG")
        );
        assert!(
            !compiled(json!({"regex": "/login"}))
                .ignoring_case()
                .matches(b"/LOGIN")
        );
    }

    #[test]
    fn other_fields_are_refused() {
        assert!(serde_json::from_value::<StringMatchConfig>(json!({"suffix": "x"})).is_err());
    }
}
