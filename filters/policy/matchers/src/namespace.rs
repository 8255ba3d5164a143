//! Matching the namespace of a peer identity against `namespaces` (rule A15).
//! It is Istio's regular expression `.*/ns/<value>/.*`, where each `*` of the value is `.*` and the rest literal.

use crate::pattern::is_one_line;

/// One value of `namespaces`, `notNamespaces` or `source.namespace`.
///
/// The expression is open at both ends, so it holds exactly when its literal parts occur in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespacePattern(Vec<Box<[u8]>>);

// === impl NamespacePattern ===

impl NamespacePattern {
    /// Reads a namespace; every `*` stands for any text.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let whole = format!("/ns/{value}/");
        Self(
            whole
                .split('*')
                .map(|part| part.as_bytes().into())
                .collect(),
        )
    }

    /// Whether `identity`, a name from the peer certificate, is in this namespace.
    #[must_use]
    pub fn matches(&self, identity: &[u8]) -> bool {
        let rest = self
            .0
            .iter()
            .try_fold(identity, |rest, part| after(rest, part));
        rest.is_some() && is_one_line(identity)
    }
}

// What follows the first occurrence of `part`; the first one leaves the most for the parts after it.
fn after<'a>(value: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    (0..=value.len())
        .filter_map(|start| value.get(start..))
        .find_map(|tail| tail.strip_prefix(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(value: &str, identity: &str) -> bool {
        NamespacePattern::parse(value).matches(identity.as_bytes())
    }

    #[test]
    fn namespace_is_the_segment_after_ns() {
        assert!(matches(
            "default",
            "spiffe://cluster.local/ns/default/sa/web"
        ));
        assert!(!matches(
            "default",
            "spiffe://cluster.local/ns/default2/sa/web"
        ));
        assert!(!matches(
            "default",
            "spiffe://cluster.local/ns/my-default/sa/web"
        ));
    }

    #[test]
    fn dots_are_literal() {
        assert!(!matches("a.b", "spiffe://td/ns/axb/sa/web"));
    }

    #[test]
    fn star_stands_for_any_text() {
        assert!(matches("prod-*", "spiffe://td/ns/prod-eu/sa/web"));
        assert!(matches("*-eu", "spiffe://td/ns/prod-eu/sa/web"));
        assert!(matches("p*-*u", "spiffe://td/ns/prod-eu/sa/web"));
        assert!(matches("*", "spiffe://td/ns/prod-eu/sa/web"));
        assert!(!matches("prod-*", "spiffe://td/ns/dev-eu/sa/web"));
    }

    #[test]
    fn identity_without_a_namespace_or_with_a_line_feed_never_matches() {
        assert!(!matches("*", "spiffe://td/sa/web"));
        assert!(!matches("*", ""));
        assert!(!matches("default", "spiffe://td/ns/default/sa/w\nb"));
    }
}
