//! Headers of one connection, not of the message (RFC 9110 section 7.6.1).

use http::{HeaderMap, header};

use super::refused::Refused;

const HOP_BY_HOP: [&str; 6] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "te",
];

/// Proxies in front of us speak through these: who lists them in `connection` wants them lost.
const NEVER_NOMINATED: [&str; 3] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// Which headers of a message end here: the fixed ones, and those that a request's `connection` lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct HopByHop {
    nominated: Vec<String>,
}

// === impl HopByHop ===

impl HopByHop {
    /// Reads `connection`. Envoy refuses a request whose list holds a header that must not be lost.
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut nominated = Vec::new();
        for value in headers.get_all(header::CONNECTION) {
            let names = value.to_str().unwrap_or_default().split(',');
            nominated.extend(names.map(|name| name.trim().to_ascii_lowercase()));
        }
        let forbidden =
            |name: &String| name.starts_with(':') || NEVER_NOMINATED.contains(&name.as_str());
        match nominated.iter().any(forbidden) {
            true => Err(Refused::MALFORMED),
            false => Ok(Self { nominated }),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.nominated.iter().any(|nominated| nominated == name)
    }
}

/// `te` says something about the message only where it takes trailers.
pub(crate) fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter();
    let mut codings = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    codings.any(|coding| coding.trim() == "trailers")
}
