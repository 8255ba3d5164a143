//! Matching a peer identity against `principals` (rule A14).
//! Policies write `cluster.local/ns/default/sa/web`; certificates carry it as the URI `spiffe://cluster.local/…`.

use crate::pattern::{Pattern, is_one_line};

const SCHEME: &str = "spiffe://";

/// One value of `principals`, `notPrincipals` or `source.principal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalPattern(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Whole(Pattern),
    // The regular expression `spiffe://.*suffix`, the suffix taken literally.
    SpiffeSuffix(Box<[u8]>),
}

// === impl PrincipalPattern ===

impl PrincipalPattern {
    /// Reads a principal without its `spiffe://`: exact, `prefix*`, `*suffix` or `*`.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        if value == "*" {
            return Self(Form::Whole(Pattern::NonEmptyLine));
        }
        match value.strip_prefix('*') {
            Some(suffix) => Self(Form::SpiffeSuffix(suffix.as_bytes().into())),
            None => Self(Form::Whole(Pattern::for_text(&format!("{SCHEME}{value}")))),
        }
    }

    /// Whether `identity`, a name from the peer certificate with its `spiffe://`, is this principal.
    #[must_use]
    pub fn matches(&self, identity: &[u8]) -> bool {
        match &self.0 {
            Form::Whole(pattern) => pattern.matches(identity),
            Form::SpiffeSuffix(suffix) => identity
                .strip_prefix(SCHEME.as_bytes())
                .and_then(|rest| rest.strip_suffix(&**suffix))
                .is_some_and(is_one_line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &[u8] = b"spiffe://cluster.local/ns/default/sa/web";

    fn matches(value: &str, identity: &[u8]) -> bool {
        PrincipalPattern::parse(value).matches(identity)
    }

    #[test]
    fn exact_principal_is_written_without_the_scheme() {
        assert!(matches("cluster.local/ns/default/sa/web", WEB));
        assert!(!matches("spiffe://cluster.local/ns/default/sa/web", WEB));
        assert!(!matches("cluster.local/ns/default/sa/we", WEB));
    }

    #[test]
    fn prefix_starts_after_the_scheme() {
        assert!(matches("cluster.local/*", WEB));
        assert!(!matches("default/*", WEB));
    }

    #[test]
    fn suffix_needs_the_scheme_and_takes_dots_literally() {
        assert!(matches("*/sa/web", WEB));
        assert!(!matches("*/sa/web", b"web.example/sa/web"));
        assert!(!matches("*sa.web", WEB));
    }

    #[test]
    fn suffix_never_reaches_into_the_scheme() {
        assert!(!matches("*/x", b"spiffe://x"));
        assert!(!matches("*web", b"spiffe://a\nb/web"));
    }

    #[test]
    fn presence_takes_any_identity_that_is_not_empty() {
        assert!(matches("*", WEB) && matches("*", b"web.example"));
        assert!(!matches("*", b""));
    }
}
