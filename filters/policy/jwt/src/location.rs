//! Where tokens are looked for (rules J8-J16), and how they are found there.
//!
//! Every location is looked at; each token that turns up must be good (rule J30).

use std::borrow::Cow;

use meshwright_core::RequestHead;

use crate::config::{Compat, JwtHeader, JwtRule};
use crate::cookie;
use crate::query;

/// A place that may hold tokens. The order is Envoy's: headers by name and prefix, parameters, cookies (rule J16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Values of a header, after a prefix that may be empty.
    Header {
        /// The header's name, in lower case.
        name: String,
        /// What comes before the token, its space included.
        prefix: String,
    },
    /// The first query parameter of that name.
    Param(String),
    /// The first cookie of that name.
    Cookie(String),
}

/// A token and where it was.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) token: Cow<'a, [u8]>,
    pub(crate) location: &'a Location,
}

/// The locations that `rule` names, or the defaults of rule J8, in order and each once.
pub(crate) fn locations(rule: &JwtRule) -> Vec<Location> {
    if rule.has_default_locations() {
        return default_locations();
    }
    let headers = rule.from_headers.iter().map(Location::of_header);
    let params = rule.from_params.iter().cloned().map(Location::Param);
    let cookies = rule.from_cookies.iter().cloned().map(Location::Cookie);
    let mut locations: Vec<Location> = headers.chain(params).chain(cookies).collect();
    locations.sort_by_key(Location::order);
    locations.dedup_by_key(|location| location.order());
    locations
}

/// Every token of the request, in the order of `locations`.
pub(crate) fn find<'a>(
    locations: &'a [Location],
    head: &'a RequestHead,
    compat: Compat,
) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for location in locations {
        found.extend(
            location
                .tokens(head, compat)
                .into_iter()
                .map(|token| Found { token, location }),
        );
    }
    found
}

fn default_locations() -> Vec<Location> {
    let bearer = Location::Header {
        name: "authorization".to_owned(),
        prefix: "Bearer ".to_owned(),
    };
    vec![bearer, Location::Param("access_token".to_owned())]
}

// === impl Location ===

impl Location {
    fn of_header(header: &JwtHeader) -> Self {
        Self::Header {
            name: header.name.to_ascii_lowercase(),
            prefix: header.prefix.clone(),
        }
    }

    // Envoy keeps headers in a map by name and prefix run together.
    fn order(&self) -> (u8, String) {
        match self {
            Self::Header { name, prefix } => (0, format!("{name}{prefix}")),
            Self::Param(name) => (1, name.clone()),
            Self::Cookie(name) => (2, name.clone()),
        }
    }

    fn tokens<'a>(&self, head: &'a RequestHead, compat: Compat) -> Vec<Cow<'a, [u8]>> {
        match self {
            Self::Header { name, prefix } => head
                .headers()
                .get_all(name)
                .filter_map(|value| token_in(value, prefix.as_bytes(), compat))
                .map(Cow::Borrowed)
                .collect(),
            Self::Param(name) => head
                .query()
                .and_then(|query| query::first(query, name))
                .into_iter()
                .collect(),
            Self::Cookie(name) => cookie::first(head, name.as_bytes())
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
        }
    }
}

fn token_in<'a>(value: &'a [u8], prefix: &[u8], compat: Compat) -> Option<&'a [u8]> {
    match compat {
        _ if prefix.is_empty() => Some(value),
        Compat::Envoy => token_anywhere_after(value, prefix),
        Compat::Strict => token_after_scheme(value, prefix),
    }
}

/// RFC 9110 section 11.4: the scheme comes first, its case does not matter, and any number of spaces follows (rule X12).
fn token_after_scheme<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = value.split_at_checked(prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| rest.trim_ascii_start())
}

/// What follows the first `prefix` in `value`, from the first character a token can have on; the whole value when there
/// is no such character (rules J9, J10).
fn token_anywhere_after<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let start = value
        .windows(prefix.len())
        .position(|window| window == prefix)?;
    let rest = value.get(start + prefix.len()..)?;
    match rest.iter().position(|byte| is_token_byte(*byte)) {
        Some(skipped) => rest.get(skipped..),
        None => Some(value),
    }
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}
