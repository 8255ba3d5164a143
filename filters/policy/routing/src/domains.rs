//! Which virtual service answers for an authority (rule R9): exact domain, then the longest `*suffix`, then the
//! longest `prefix*`, then `*`. An index, so that a request costs the same with ten hosts as with ten thousand.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use meshwright_core::authority::without_port;

type ByDomain = BTreeMap<Box<[u8]>, usize>;

/// Virtual services (by their position) under the domains they answer for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Domains {
    exact: ByDomain,
    suffixes: BTreeMap<Reverse<usize>, ByDomain>,
    prefixes: BTreeMap<Reverse<usize>, ByDomain>,
    any: Option<usize>,
}

/// Why a domain cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DomainError {
    Empty,
    /// A `*` that is neither first nor last.
    InnerStar,
    /// Ports are not compared, so a domain with one would match nothing (rule R9).
    Port,
    /// It belongs to the virtual service at this position.
    Taken(usize),
}

// === impl Domains ===

impl Domains {
    /// Makes the virtual service at `owner` answer for `domain`.
    pub(crate) fn insert(&mut self, domain: &str, owner: usize) -> Result<(), DomainError> {
        let domain = domain.to_ascii_lowercase();
        let (index, key) = self.place(&domain)?;
        let previous = match index {
            Some(index) => index.insert(key.into(), owner),
            None => self.any.replace(owner),
        };
        previous.map_or(Ok(()), |first| Err(DomainError::Taken(first)))
    }

    /// The virtual service that answers for `authority`; case and port do not matter.
    pub(crate) fn find(&self, authority: &[u8]) -> Option<usize> {
        let host = lower_case(without_port(authority));
        self.exact
            .get(&*host)
            .copied()
            .or_else(|| {
                longest(&self.suffixes, host.len(), |length| {
                    host.get(host.len() - length..)
                })
            })
            .or_else(|| longest(&self.prefixes, host.len(), |length| host.get(..length)))
            .or(self.any)
    }

    // The map that `domain` belongs to (none for `*`), and its key there.
    fn place<'d>(
        &mut self,
        domain: &'d str,
    ) -> Result<(Option<&mut ByDomain>, &'d [u8]), DomainError> {
        if domain == "*" {
            return Ok((None, b""));
        }
        let (index, literal) = if let Some(suffix) = domain.strip_prefix('*') {
            (
                self.suffixes.entry(Reverse(suffix.len())).or_default(),
                suffix,
            )
        } else if let Some(prefix) = domain.strip_suffix('*') {
            (
                self.prefixes.entry(Reverse(prefix.len())).or_default(),
                prefix,
            )
        } else {
            (&mut self.exact, domain)
        };
        check(literal)?;
        Ok((Some(index), literal.as_bytes()))
    }
}

fn check(literal: &str) -> Result<(), DomainError> {
    if literal.is_empty() {
        return Err(DomainError::Empty);
    }
    if literal.contains('*') {
        return Err(DomainError::InnerStar);
    }
    if without_port(literal.as_bytes()).len() < literal.len() {
        return Err(DomainError::Port);
    }
    Ok(())
}

// A star stands for at least one byte, so only shorter literals are looked at; the longest come first.
fn longest<'h>(
    index: &BTreeMap<Reverse<usize>, ByDomain>,
    host_length: usize,
    part: impl Fn(usize) -> Option<&'h [u8]>,
) -> Option<usize> {
    index
        .iter()
        .filter(|(Reverse(length), _)| *length < host_length)
        .find_map(|(Reverse(length), domains)| domains.get(part(*length)?).copied())
}

fn lower_case(host: &[u8]) -> Cow<'_, [u8]> {
    if host.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(list: &[&str]) -> Domains {
        let mut domains = Domains::default();
        for (owner, domain) in list.iter().enumerate() {
            domains.insert(domain, owner).unwrap();
        }
        domains
    }

    #[test]
    fn exact_beats_suffix_beats_prefix_beats_any() {
        let domains = domains(&["*", "www.*", "*.example", "www.example"]);
        assert_eq!(domains.find(b"www.example"), Some(3));
        assert_eq!(domains.find(b"api.example"), Some(2));
        assert_eq!(domains.find(b"www.test"), Some(1));
        assert_eq!(domains.find(b"other"), Some(0));
    }

    #[test]
    fn suffix_beats_prefix_even_when_shorter() {
        assert_eq!(domains(&["www.api.*", "*.x"]).find(b"www.api.x"), Some(1));
    }

    #[test]
    fn the_longest_wildcard_wins() {
        let domains = domains(&["*.com", "*.example.com", "a.*", "a.b.*"]);
        assert_eq!(domains.find(b"x.example.com"), Some(1));
        assert_eq!(domains.find(b"x.com"), Some(0));
        assert_eq!(domains.find(b"a.b.c"), Some(3));
        assert_eq!(domains.find(b"a.c"), Some(2));
    }

    #[test]
    fn a_star_stands_for_at_least_one_byte() {
        let domains = domains(&["*.example", "www.*"]);
        assert_eq!(domains.find(b".example"), None);
        assert_eq!(domains.find(b"example"), None);
        assert_eq!(domains.find(b"www."), None);
    }

    #[test]
    fn case_and_port_do_not_matter() {
        let domains = domains(&["Reviews", "[::1]"]);
        assert_eq!(domains.find(b"rEVIEWS:9080"), Some(0));
        assert_eq!(domains.find(b"[::1]:80"), Some(1));
        assert_eq!(domains.find(b"[::1]"), Some(1));
    }

    #[test]
    fn no_domain_no_owner() {
        assert_eq!(Domains::default().find(b"x"), None);
        assert_eq!(domains(&["a"]).find(b""), None);
        assert_eq!(domains(&["*"]).find(b""), Some(0));
    }

    #[test]
    fn a_domain_has_one_owner() {
        let mut domains = domains(&["a", "*", "*.b", "c.*"]);
        assert_eq!(domains.insert("A", 9), Err(DomainError::Taken(0)));
        assert_eq!(domains.insert("*", 9), Err(DomainError::Taken(1)));
        assert_eq!(domains.insert("*.B", 9), Err(DomainError::Taken(2)));
        assert_eq!(domains.insert("c.*", 9), Err(DomainError::Taken(3)));
    }

    #[test]
    fn domains_that_could_match_nothing_are_refused() {
        let mut domains = Domains::default();
        assert_eq!(domains.insert("", 0), Err(DomainError::Empty));
        assert_eq!(domains.insert("a.*.b", 0), Err(DomainError::InnerStar));
        assert_eq!(domains.insert("*.a.*", 0), Err(DomainError::InnerStar));
        assert_eq!(domains.insert("a:80", 0), Err(DomainError::Port));
    }
}
