//! One attribute of a request and the values it may have: what every field of a policy compiles to.
//! The same attribute reached by two spellings (`ipBlocks`, `source.ip`) is one predicate.

use std::net::IpAddr;

use meshwright_core::ConfigError;
use policy_matchers::cidr::Cidr;
use policy_matchers::claim::{ClaimMatcher, ClaimPath};
use policy_matchers::header::{HeaderMatcher, HeaderName};
use policy_matchers::host::HostPattern;
use policy_matchers::namespace::NamespacePattern;
use policy_matchers::pattern::Pattern;
use policy_matchers::principal::PrincipalPattern;
use policy_matchers::request_principal::RequestPrincipalPattern;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::request::{Needs, Request};
use crate::values::{parse_path, parse_port, parse_values, read_values};

/// An attribute and its acceptable values, any of which will do.
#[derive(Debug)]
pub(crate) enum Predicate {
    Principal(Vec<PrincipalPattern>),
    Namespace(Vec<NamespacePattern>),
    RequestPrincipal(Vec<RequestPrincipalPattern>),
    SourceIp(Vec<Cidr>),
    RemoteIp(Vec<Cidr>),
    DestinationIp(Vec<Cidr>),
    DestinationPort(Vec<u16>),
    Sni(Vec<Pattern>),
    Host(Vec<HostPattern>),
    Method(Vec<Pattern>),
    Path(Vec<Pattern>),
    Header(HeaderMatcher),
    Claim(ClaimMatcher),
}

// === impl Predicate ===

impl Predicate {
    pub(crate) fn principal(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, PrincipalPattern::parse).map(Self::Principal)
    }

    pub(crate) fn namespace(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, NamespacePattern::parse).map(Self::Namespace)
    }

    pub(crate) fn request_principal(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, RequestPrincipalPattern::parse).map(Self::RequestPrincipal)
    }

    pub(crate) fn source_ip(values: &[String]) -> Result<Self, ConfigError> {
        parse_values(values, Cidr::parse).map(Self::SourceIp)
    }

    pub(crate) fn remote_ip(values: &[String]) -> Result<Self, ConfigError> {
        parse_values(values, Cidr::parse).map(Self::RemoteIp)
    }

    pub(crate) fn destination_ip(values: &[String]) -> Result<Self, ConfigError> {
        parse_values(values, Cidr::parse).map(Self::DestinationIp)
    }

    pub(crate) fn destination_port(values: &[String]) -> Result<Self, ConfigError> {
        parse_values(values, parse_port).map(Self::DestinationPort)
    }

    pub(crate) fn sni(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, Pattern::for_text).map(Self::Sni)
    }

    pub(crate) fn host(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, HostPattern::parse).map(Self::Host)
    }

    pub(crate) fn method(values: &[String]) -> Result<Self, ConfigError> {
        read_values(values, Pattern::for_header).map(Self::Method)
    }

    pub(crate) fn path(values: &[String]) -> Result<Self, ConfigError> {
        parse_values(values, parse_path).map(Self::Path)
    }

    pub(crate) fn header(name: HeaderName, values: &[String]) -> Result<Self, ConfigError> {
        let patterns = read_values(values, Pattern::for_header)?;
        Ok(Self::Header(HeaderMatcher::new(name, patterns)))
    }

    pub(crate) fn claim(path: ClaimPath, values: &[String]) -> Result<Self, ConfigError> {
        let patterns = read_values(values, Pattern::for_text)?;
        Ok(Self::Claim(ClaimMatcher::new(path, patterns)))
    }

    /// Whether the request has one of the values. A missing attribute has none (rule A25).
    pub(crate) fn answer(&self, request: &Request<'_>) -> Answer {
        let (head, connection) = (request.head, request.connection);
        match self {
            Self::Principal(any) => {
                on_identities(request, |name| any.iter().any(|p| p.matches(name)))
            }
            Self::Namespace(any) => {
                on_identities(request, |name| any.iter().any(|p| p.matches(name)))
            }
            Self::RequestPrincipal(any) => {
                on_claims(request, |claims| any.iter().any(|p| p.matches(claims)))
            }
            Self::SourceIp(blocks) => within(blocks, connection.source_ip),
            Self::RemoteIp(blocks) => within(blocks, connection.remote_ip),
            Self::DestinationIp(blocks) => within(blocks, connection.destination_ip),
            Self::DestinationPort(ports) => {
                known(connection.destination_port, |port| ports.contains(&port))
            }
            Self::Sni(any) => matches(any, Some(connection.sni.as_deref().unwrap_or_default())),
            Self::Host(any) => head
                .authority()
                .is_some_and(|host| any.iter().any(|p| p.matches(host)))
                .into(),
            Self::Method(any) => matches(any, head.method()),
            Self::Path(any) => matches(any, head.path()),
            Self::Header(header) => header.matches(head.headers()).into(),
            Self::Claim(claim) => on_claims(request, |claims| claim.matches(claims)),
        }
    }

    /// Adds the input this predicate reads, beside the request head.
    pub(crate) fn add_needs(&self, needs: &mut Needs) {
        match self {
            Self::Principal(_) | Self::Namespace(_) => needs.principals = true,
            Self::RequestPrincipal(_) | Self::Claim(_) => needs.claims = true,
            Self::SourceIp(_) => needs.source_ip = true,
            Self::RemoteIp(_) => needs.remote_ip = true,
            Self::DestinationIp(_) => needs.destination_ip = true,
            Self::DestinationPort(_) => needs.destination_port = true,
            Self::Sni(_) => needs.sni = true,
            Self::Host(_) | Self::Method(_) | Self::Path(_) | Self::Header(_) => {}
        }
    }
}

fn matches(any: &[Pattern], value: Option<&[u8]>) -> Answer {
    value
        .is_some_and(|value| any.iter().any(|pattern| pattern.matches(value)))
        .into()
}

// Any name of the peer certificate will do; plaintext has none.
fn on_identities(request: &Request<'_>, matches: impl Fn(&[u8]) -> bool) -> Answer {
    known(request.connection.principals.as_ref(), |names| {
        names.iter().any(|name| matches(name.as_bytes()))
    })
}

fn within(blocks: &[Cidr], address: Option<IpAddr>) -> Answer {
    known(address, |address| {
        blocks.iter().any(|block| block.contains(address))
    })
}

fn known<T>(value: Option<T>, matches: impl FnOnce(T) -> bool) -> Answer {
    value.map_or(Answer::Unknown, |value| matches(value).into())
}

// No token is missing data, which matches nothing; a payload that is no object is one that nobody can judge.
fn on_claims(request: &Request<'_>, matches: impl FnOnce(&Map<String, Value>) -> bool) -> Answer {
    match request.claims {
        None => Answer::No,
        Some(claims) => known(claims.as_object(), matches),
    }
}
