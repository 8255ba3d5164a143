//! Headers of one connection, not of the message (RFC 9110 section 7.6.1).

use super::refused::Refused;
use crate::host::header_map::HeaderMap;

const HOP_BY_HOP: [&[u8]; 6] = [
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
    b"te",
];

/// What asks for another protocol.
const UPGRADE: [&[u8]; 2] = [b"connection", b"upgrade"];

/// Proxies in front of us speak through these: who lists them in `connection` wants them lost.
const NEVER_NOMINATED: [&[u8]; 3] = [
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
];

/// Which headers of a message end here: the fixed ones, and those that a request's `connection` lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct HopByHop {
    nominated: Vec<Vec<u8>>,
    // Whether the connection is to become another one, so that what says so stays.
    upgrades: bool,
}

// === impl HopByHop ===

impl HopByHop {
    /// Reads `connection`. Envoy refuses a request whose list holds a header that must not be lost.
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut nominated = Vec::new();
        for value in headers.get_all(b"connection") {
            let names = value.split(|byte| *byte == b',');
            nominated.extend(names.map(|name| name.trim_ascii().to_ascii_lowercase()));
        }
        let forbidden =
            |name: &Vec<u8>| name.starts_with(b":") || NEVER_NOMINATED.contains(&name.as_slice());
        match nominated.iter().any(forbidden) {
            true => Err(Refused::MALFORMED),
            false => Ok(Self {
                upgrades: asks_for_upgrade(headers, &nominated),
                nominated,
            }),
        }
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        let stays = self.upgrades && UPGRADE.contains(&name);
        let nominated = self.nominated.iter().any(|nominated| nominated == name);
        !stays && (HOP_BY_HOP.contains(&name) || nominated)
    }
}

// Whether another protocol is asked for (RFC 9110 section 7.8). Envoy takes no notice of a wish for HTTP/2 (h2c).
fn asks_for_upgrade(headers: &HeaderMap, nominated: &[Vec<u8>]) -> bool {
    let other = |upgrade: &[u8]| !upgrade.eq_ignore_ascii_case(b"h2c");
    headers.get(b"upgrade").is_some_and(other) && nominated.iter().any(|it| it == b"upgrade")
}

/// `te` says something about the message only where it takes trailers.
pub(crate) fn takes_trailers(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(b"te");
    values.any(|value| {
        let mut codings = value.split(|byte| *byte == b',');
        codings.any(|coding| coding.trim_ascii() == b"trailers")
    })
}
