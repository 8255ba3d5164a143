//! Where tokens are looked for (rules J8-J16), and how they are found there.
//!
//! Every location is looked at; each token that turns up must be good (rule J30).

use std::borrow::Cow;

use meshwright_core::RequestHead;

use crate::config::{JwtHeader, JwtRule};
use crate::query;

/// A place that may hold tokens. The order is Envoy's: headers by name and prefix, then parameters (rule J16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// Values of a header, after a prefix that may be empty.
    Header { name: String, prefix: String },
    /// The first query parameter of that name.
    Param(String),
}

/// A token and where it was.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) token: Cow<'a, [u8]>,
    pub(crate) location: &'a Location,
}

/// The locations that `rule` names, or the defaults of rule J8, in order and each once.
pub(crate) fn locations(rule: &JwtRule) -> Vec<Location> {
    let mut headers: Vec<Location> = rule.from_headers.iter().map(Location::of_header).collect();
    let mut params: Vec<Location> = rule
        .from_params
        .iter()
        .cloned()
        .map(Location::Param)
        .collect();
    if headers.is_empty() && params.is_empty() {
        return default_locations();
    }
    headers.append(&mut params);
    headers.sort_by_key(Location::order);
    headers.dedup_by_key(|location| location.order());
    headers
}

/// Every token of the request, in the order of `locations`.
pub(crate) fn find<'a>(locations: &'a [Location], head: &'a RequestHead) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for location in locations {
        found.extend(
            location
                .tokens(head)
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
    fn order(&self) -> (bool, String) {
        match self {
            Self::Header { name, prefix } => (false, format!("{name}{prefix}")),
            Self::Param(name) => (true, name.clone()),
        }
    }

    fn tokens<'a>(&self, head: &'a RequestHead) -> Vec<Cow<'a, [u8]>> {
        match self {
            Self::Header { name, prefix } => head
                .headers()
                .get_all(name)
                .filter_map(|value| token_after(value, prefix.as_bytes()))
                .map(Cow::Borrowed)
                .collect(),
            Self::Param(name) => head
                .query()
                .and_then(|query| query::first(query, name))
                .into_iter()
                .collect(),
        }
    }
}

/// What follows the first `prefix` in `value`, from the first character a token can have on; the whole value when there
/// is no such character (rules J9, J10).
fn token_after<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    if prefix.is_empty() {
        return Some(value);
    }
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
