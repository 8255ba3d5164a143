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
            false => Ok(Self { nominated }),
        }
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        HOP_BY_HOP.contains(&name) || self.nominated.iter().any(|nominated| nominated == name)
    }
}

/// `te` says something about the message only where it takes trailers.
pub(crate) fn takes_trailers(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(b"te");
    values.any(|value| {
        let mut codings = value.split(|byte| *byte == b',');
        codings.any(|coding| coding.trim_ascii() == b"trailers")
    })
}
