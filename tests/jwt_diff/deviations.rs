//! What we do otherwise than native Envoy on purpose, each as narrowly as it can be said. Everything else is a bug.

use percent_encoding::percent_decode;

use super::case::{Request, Setup};
use super::outcome::{Answer, Outcome, unescaped};

/// A difference that is meant.
pub struct Deviation {
    /// The rule.
    pub id: &'static str,
    /// Why it is meant.
    pub reason: &'static str,
    /// Whether it explains all of a difference.
    pub explains: fn(&Compared<'_>) -> bool,
}

/// A case that differs.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The configuration.
    pub setup: &'a Setup,
    /// The request.
    pub request: &'a Request,
    /// What native Envoy made of it.
    pub native: &'a Outcome,
    /// What ours did, on Envoy or on host-runner.
    pub ours: &'a Outcome,
}

/// All of them.
pub const DEVIATIONS: [Deviation; 1] = [Deviation {
    id: "J18",
    reason: "a token is cut out of the query byte for byte; Envoy decodes the other parameters and sorts them, so that \
             `%26x` becomes a parameter of its own",
    explains: query_is_rewritten,
}];

/// The deviation that explains a difference.
#[must_use]
pub fn explaining(compared: &Compared<'_>) -> Option<&'static Deviation> {
    let mut deviations = DEVIATIONS.iter();
    deviations.find(|deviation| (deviation.explains)(compared))
}

// Ours is what native Envoy makes it when it decodes and sorts; nothing else differs. A line end in what it decodes has
// its own codec refuse the request.
fn query_is_rewritten(compared: &Compared<'_>) -> bool {
    let (Some(native), Some(ours)) = (compared.native.answer(), compared.ours.answer()) else {
        return false;
    };
    let Some(query) = query_of(ours) else {
        return false;
    };
    let is_refused = native.status == "503" && native.body == "invalid header value for: :path";
    if is_refused {
        let decoded: Vec<u8> = percent_decode(&query).collect();
        return decoded.iter().any(|byte| b"\r\n\0".contains(byte));
    }
    // An empty last parameter is one for Envoy only if something followed it, such as the token.
    let candidates = [query.as_slice(), query.strip_suffix(b"&").unwrap_or(&query)];
    candidates
        .iter()
        .any(|query| with_query(ours, &decoded_and_sorted(query)) == *native)
}

fn query_of(answer: &Answer) -> Option<Vec<u8>> {
    let request_line = answer.received.as_ref()?.first()?;
    let (_, query) = request_line.split_once('?')?;
    let (query, _) = query.rsplit_once(' ')?;
    Some(unescaped(query))
}

fn with_query(answer: &Answer, query: &[u8]) -> Answer {
    let mut answer = answer.clone();
    let request_line = answer
        .received
        .as_mut()
        .and_then(|received| received.first_mut());
    if let Some(line) = request_line
        && let (Some((before, _)), Some((_, version))) =
            (line.split_once('?'), line.rsplit_once(' '))
    {
        *line = format!("{before}?{} {version}", query.escape_ascii());
    }
    answer
}

fn decoded_and_sorted(query: &[u8]) -> Vec<u8> {
    let pairs = query.split(|byte| *byte == b'&');
    let mut pairs: Vec<_> = pairs
        .map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut next = || percent_decode(parts.next().unwrap_or_default()).collect::<Vec<u8>>();
            (next(), next())
        })
        .collect();
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| [name, value].join(&b'='))
        .collect();
    pairs.join(&b'&')
}

impl std::fmt::Debug for Deviation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Deviation").field(&self.id).finish()
    }
}
