//! Matching `:authority` against the `hosts` of an operation (rule A18).
//! Host names ignore ASCII case (CVE-2021-39155); the port is part of the value on both sides.

use crate::pattern::Pattern;

/// One value of `hosts` or `notHosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Pattern);

// === impl HostPattern ===

impl HostPattern {
    /// Reads a host: `example.com`, `*.example.com`, `example.com:*` or `*` (rules A12, A18).
    #[must_use]
    pub fn parse(value: &str) -> Self {
        Self(Pattern::for_header(value))
    }

    /// Whether `authority`, port included, is this host.
    #[must_use]
    pub fn matches(&self, authority: &[u8]) -> bool {
        match &self.0 {
            Pattern::Exact(host) => authority.eq_ignore_ascii_case(host),
            Pattern::Prefix(prefix) => starts_with(authority, prefix),
            Pattern::Suffix(suffix) => ends_with(authority, suffix),
            presence => presence.matches(authority),
        }
    }
}

fn starts_with(value: &[u8], prefix: &[u8]) -> bool {
    value
        .get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn ends_with(value: &[u8], suffix: &[u8]) -> bool {
    let start = value.len().checked_sub(suffix.len());
    start
        .and_then(|start| value.get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(host: &str, authority: &str) -> bool {
        HostPattern::parse(host).matches(authority.as_bytes())
    }

    #[test]
    fn case_is_ignored_on_both_sides() {
        assert!(matches("Example.com", "eXAMPLE.COM"));
        assert!(matches("*.Example.com", "a.EXAMPLE.com"));
        assert!(matches("EXAMPLE.com:*", "example.COM:80"));
    }

    #[test]
    fn port_and_trailing_dot_are_part_of_the_host() {
        assert!(!matches("example.com", "example.com:80"));
        assert!(!matches("example.com", "example.com."));
        assert!(matches("example.com:*", "example.com:80"));
    }

    #[test]
    fn suffix_takes_any_subdomain_but_no_port() {
        assert!(matches("*.example.com", ".example.com"));
        assert!(matches("*.example.com", "a.b.example.com"));
        assert!(!matches("*.example.com", "example.com"));
        assert!(!matches("*.example.com", "a.example.com:80"));
    }

    #[test]
    fn two_host_lines_joined_by_a_comma_match_neither() {
        assert!(!matches("ok.example", "ok.example,admin.example"));
    }

    #[test]
    fn presence_takes_an_empty_authority() {
        assert!(matches("*", ""));
    }

    #[test]
    fn non_ascii_case_is_not_folded() {
        assert!(!matches("ä.example", "Ä.example"));
    }
}
