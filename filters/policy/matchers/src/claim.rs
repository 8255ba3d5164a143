//! Matching a claim of a JWT payload, as `request.auth.claims[a][b]` does (rule A22).
//! Only strings match, alone or as elements of a list; numbers, booleans, objects and nested lists never do.

use meshwright_core::ConfigError;
use serde_json::{Map, Value};

use crate::pattern::Pattern;

/// Where a claim is in the payload: one name per level. Dots in a name do not split it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

/// A claim and the strings it may be or contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMatcher {
    path: ClaimPath,
    patterns: Vec<Pattern>,
}

// === impl ClaimPath ===

impl ClaimPath {
    /// A claim at the top level of the payload, such as `aud`.
    #[must_use]
    pub fn top(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// Reads what follows `request.auth.claims`: `[a]`, `[a][b]`, `[https://example.com/roles]`.
    ///
    /// # Errors
    /// A [`ConfigError`] when it is not a sequence of names in brackets.
    pub fn parse(brackets: &str) -> Result<Self, ConfigError> {
        let names = nested_names(brackets).or_else(|| Some(vec![single_name(brackets)?]));
        match names {
            Some(names) if names.iter().all(|name| !name.is_empty()) => Ok(Self(names)),
            _ => Err(ConfigError::new(
                "",
                format!("`{brackets}` does not name a claim; write `[a]` or `[a][b]`"),
            )),
        }
    }

    /// The value at this path of the payload.
    #[must_use]
    pub fn find<'a>(&self, payload: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(payload.get(first)?, |value, name| {
            value.as_object()?.get(name)
        })
    }
}

fn nested_names(brackets: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = brackets;
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
        if name.contains('[') {
            return None;
        }
        names.push(name.to_owned());
        rest = after;
    }
    (!names.is_empty()).then_some(names)
}

// As Istio falls back: a name that itself has brackets, `[a[b]]`, is one claim called `a[b]`.
fn single_name(brackets: &str) -> Option<String> {
    Some(brackets.strip_prefix('[')?.strip_suffix(']')?.to_owned())
}

// === impl ClaimMatcher ===

impl ClaimMatcher {
    /// A matcher for the claim at `path`.
    #[must_use]
    pub fn new(path: ClaimPath, patterns: Vec<Pattern>) -> Self {
        Self { path, patterns }
    }

    /// Whether the claim is a string that matches, or a list with an element that does.
    #[must_use]
    pub fn matches(&self, payload: &Map<String, Value>) -> bool {
        match self.path.find(payload) {
            Some(Value::Array(list)) => list.iter().any(|element| self.is_match(element)),
            Some(value) => self.is_match(value),
            None => false,
        }
    }

    fn is_match(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| {
            self.patterns
                .iter()
                .any(|pattern| pattern.matches(text.as_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(path: &str, value: &str, payload: &Value) -> bool {
        ClaimMatcher::new(
            ClaimPath::parse(path).unwrap(),
            vec![Pattern::for_text(value)],
        )
        .matches(payload.as_object().unwrap())
    }

    #[test]
    fn string_claim_matches_as_a_whole() {
        let payload = json!({"group": "admin users"});
        assert!(matches("[group]", "admin users", &payload));
        assert!(!matches("[group]", "admin", &payload));
    }

    #[test]
    fn any_string_element_of_a_list_matches() {
        let payload = json!({"groups": [1, null, ["a"], "b"]});
        assert!(matches("[groups]", "b", &payload));
        assert!(!matches("[groups]", "a", &payload));
    }

    #[test]
    fn numbers_booleans_and_objects_never_match() {
        let payload = json!({"n": 1, "t": true, "o": {"a": "1"}, "z": null});
        for (path, value) in [
            ("[n]", "1"),
            ("[t]", "true"),
            ("[o]", "*"),
            ("[z]", "*"),
            ("[n]", "*"),
        ] {
            assert!(!matches(path, value, &payload), "{path} {value}");
        }
    }

    #[test]
    fn nested_path_walks_objects_only() {
        let payload = json!({"a": {"b": {"c": "x"}}, "l": [{"b": "x"}]});
        assert!(matches("[a][b][c]", "x", &payload));
        assert!(!matches("[a][b]", "x", &payload));
        assert!(!matches("[l][b]", "x", &payload));
    }

    #[test]
    fn dots_and_slashes_do_not_split_a_name() {
        let payload = json!({"https://example.com/roles": ["r"], "a": {"b": "x"}});
        assert!(matches("[https://example.com/roles]", "r", &payload));
        assert!(!matches("[a.b]", "x", &payload));
    }

    #[test]
    fn name_with_brackets_of_its_own_is_one_name() {
        assert!(matches("[a[b]]", "x", &json!({"a[b]": "x"})));
    }

    #[test]
    fn presence_needs_a_non_empty_string() {
        assert!(matches("[a]", "*", &json!({"a": ["", "x"]})));
        assert!(!matches("[a]", "*", &json!({"a": ""})));
        assert!(!matches("[a]", "*", &json!({"a": []})));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for brackets in ["", "a", "[", "]", "[]", "[a][]", "[a]b", "[a] [b", "x[a]"] {
            assert!(ClaimPath::parse(brackets).is_err(), "{brackets}");
        }
    }
}
