//! Which names each VirtualService answers to: those of its own hosts, and those of every service that one of its
//! hosts covers best. Istio does the same when it writes the routes of a sidecar.

use std::collections::BTreeSet;

use crate::host::{aliases, covers};

/// The hosts of one VirtualService, as full names.
pub(crate) type Hosts = Vec<String>;

/// The domains of one VirtualService, each with the position of the host it comes from.
pub(crate) type Domains = Vec<(String, usize)>;

/// The names handed out so far.
pub(crate) struct Ownership<'a> {
    namespace: &'a str,
    claimed: BTreeSet<String>,
    domains: Vec<Domains>,
}

// === impl Ownership ===

impl<'a> Ownership<'a> {
    /// Hands every VirtualService the names of its own hosts, for a client in `namespace`.
    pub(crate) fn new(all: &[Hosts], namespace: &'a str) -> Self {
        let domains: Vec<Domains> = all.iter().map(|hosts| own(hosts, namespace)).collect();
        let claimed = domains
            .iter()
            .flatten()
            .map(|(domain, _)| domain.clone())
            .collect();
        Self {
            namespace,
            claimed,
            domains,
        }
    }

    /// The names of a service that nobody has. They go to the VirtualService whose host covers it best, if any does;
    /// else they are returned.
    pub(crate) fn assign(&mut self, service: &str, all: &[Hosts]) -> Vec<String> {
        let free: Vec<String> = aliases(service, self.namespace)
            .into_iter()
            .filter(|domain| self.claimed.insert(domain.clone()))
            .collect();
        match best(service, all)
            .and_then(|(owner, position)| Some((self.domains.get_mut(owner)?, position)))
        {
            Some((domains, position)) => {
                domains.extend(free.into_iter().map(|domain| (domain, position)));
                Vec::new()
            }
            None => free,
        }
    }

    pub(crate) fn into_domains(self) -> Vec<Domains> {
        self.domains
    }
}

// A name that two hosts of one VirtualService share is taken once.
fn own(hosts: &Hosts, namespace: &str) -> Domains {
    let mut domains = Domains::new();
    for (position, host) in hosts.iter().enumerate() {
        for domain in aliases(host, namespace) {
            if domains.iter().all(|(known, _)| *known != domain) {
                domains.push((domain, position));
            }
        }
    }
    domains
}

// The longest host is the most specific: it is the name itself, or the wildcard that leaves least open.
fn best(service: &str, all: &[Hosts]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (owner, hosts) in all.iter().enumerate() {
        for (position, host) in hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| covers(host, service))
        {
            let specific = if host.starts_with('*') {
                host.len()
            } else {
                usize::MAX
            };
            if best.is_none_or(|(_, _, length)| specific > length) {
                best = Some((owner, position, specific));
            }
        }
    }
    best.map(|(owner, position, _)| (owner, position))
}
