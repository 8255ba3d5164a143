//! Matching `iss` and `sub` of a JWT payload against `requestPrincipals` (rule A21).
//! The value is split at its last `/`, because an issuer is often a URL; both halves must match.

use serde_json::{Map, Value};

use crate::pattern::Pattern;

/// One value of `requestPrincipals`, `notRequestPrincipals` or `request.auth.principal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPrincipalPattern {
    issuer: Pattern,
    subject: Pattern,
}

// === impl RequestPrincipalPattern ===

impl RequestPrincipalPattern {
    /// Reads a request principal: `iss/sub`, `iss/*`, `*/sub`, `iss/prefix*`, `*suffix/sub` or `*`.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        if value == "*" {
            return Self::new(Pattern::NonEmptyLine, Pattern::NonEmptyLine);
        }
        match value.rsplit_once('/') {
            Some((issuer, subject)) => Self::of_halves(value, issuer, subject),
            None => Self::without_slash(value),
        }
    }

    /// Whether the token of this payload is this principal; only strings match, not lists of strings.
    #[must_use]
    pub fn matches(&self, payload: &Map<String, Value>) -> bool {
        is_match(&self.issuer, payload.get("iss")) && is_match(&self.subject, payload.get("sub"))
    }

    // One star counts: at the start it belongs to the issuer, else at the end to the subject. Any other star is
    // literal (`requestPrincipalGenerator` in istio pilot/pkg/security/authz/model/generator.go).
    fn of_halves(value: &str, issuer: &str, subject: &str) -> Self {
        if value.starts_with('*') {
            return Self::new(Pattern::for_text(issuer), exact(subject));
        }
        match subject.strip_suffix('*') {
            Some("") => Self::new(exact(issuer), Pattern::NonEmptyLine),
            Some(prefix) => Self::new(exact(issuer), Pattern::Prefix(prefix.as_bytes().into())),
            None => Self::new(exact(issuer), exact(subject)),
        }
    }

    fn without_slash(value: &str) -> Self {
        match Pattern::for_text(value) {
            suffix @ Pattern::Suffix(_) => Self::new(Pattern::NonEmptyLine, suffix),
            prefix @ Pattern::Prefix(_) => Self::new(prefix, Pattern::NonEmptyLine),
            whole => Self::new(whole, exact("")),
        }
    }

    fn new(issuer: Pattern, subject: Pattern) -> Self {
        Self { issuer, subject }
    }
}

fn exact(value: &str) -> Pattern {
    Pattern::Exact(value.as_bytes().into())
}

fn is_match(pattern: &Pattern, claim: Option<&Value>) -> bool {
    claim
        .and_then(Value::as_str)
        .is_some_and(|text| pattern.matches(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(value: &str, issuer: &str, subject: &str) -> bool {
        RequestPrincipalPattern::parse(value)
            .matches(json!({"iss": issuer, "sub": subject}).as_object().unwrap())
    }

    #[test]
    fn value_is_split_at_the_last_slash() {
        assert!(matches("https://a.example/me", "https://a.example", "me"));
        assert!(!matches("iss1/x/b", "iss1", "x/b"));
        assert!(matches("iss1/x/b", "iss1/x", "b"));
    }

    #[test]
    fn star_needs_both_claims_and_neither_empty() {
        assert!(matches("*", "a", "b"));
        assert!(!matches("*", "a", "") && !matches("*", "", "b"));
        let pattern = RequestPrincipalPattern::parse("*");
        assert!(!pattern.matches(json!({"iss": "a"}).as_object().unwrap()));
    }

    #[test]
    fn star_may_stand_for_one_half() {
        assert!(
            matches("iss/*", "iss", "any")
                && !matches("iss/*", "iss2", "any")
                && !matches("iss/*", "iss", "")
        );
        assert!(
            matches("*/sub", "any", "sub")
                && !matches("*/sub", "any", "sub2")
                && !matches("*/sub", "", "sub")
        );
    }

    #[test]
    fn star_may_shorten_one_half() {
        assert!(
            matches("*.example/me", "https://a.example", "me")
                && !matches("*.example/me", "https://a.test", "me")
        );
        assert!(matches("iss/ab*", "iss", "abc") && !matches("iss/ab*", "iss", "a"));
    }

    #[test]
    fn only_the_first_star_is_one() {
        assert!(matches("*/ab*", "any", "ab*") && !matches("*/ab*", "any", "abc"));
        assert!(!matches("*/*", "any", "any"));
        assert!(matches("iss/*a*", "iss", "*ab") && !matches("iss/*a*", "iss", "a*"));
    }

    #[test]
    fn without_a_slash_the_star_says_which_half_is_meant() {
        assert!(matches("*x", "any", "ax") && !matches("*x", "ax", "any"));
        assert!(matches("x*", "xa", "any") && !matches("x*", "any", "xa"));
        assert!(matches("x", "x", "") && !matches("x", "x", "any"));
    }

    #[test]
    fn claims_that_are_not_strings_never_match() {
        let payload = json!({"iss": ["a"], "sub": 1});
        assert!(!RequestPrincipalPattern::parse("*").matches(payload.as_object().unwrap()));
        assert!(!RequestPrincipalPattern::parse("a/1").matches(payload.as_object().unwrap()));
    }
}
