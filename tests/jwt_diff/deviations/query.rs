//! What becomes of the rest of a query when a token is taken out of it (J18).

use percent_encoding::percent_decode;

use super::Compared;
use crate::jwt_diff::outcome::{Answer, unescaped};

/// Envoy rewrites the query anew for each token that it takes out of it; more are not looked at.
const TOKENS: usize = 4;

/// Ours is what native Envoy makes it when it decodes and sorts; nothing else differs. A line end in what it decodes has its
/// own codec refuse the request.
pub(super) fn is_rewritten(compared: &Compared<'_>) -> bool {
    let Some((native, ours)) = compared.answers() else {
        return false;
    };
    let Some(query) = query_of(ours) else {
        return false;
    };
    let is_refused = native.status == "503" && native.body == "invalid header value for: :path";
    if is_refused {
        return percent_decode(&query).any(|byte| b"\r\n\0".contains(&byte));
    }
    // An empty last parameter is one for Envoy only if something followed it, such as the token.
    let all = decoded_and_sorted(&parameters(&query));
    let but_last = decoded_and_sorted(&parameters_but_empty_last(&query));
    [all, but_last].into_iter().any(|first| {
        let next = |query: &Vec<u8>| Some(decoded_and_sorted(&parameters_but_empty_last(query)));
        let mut rewritten = std::iter::successors(Some(first), next).take(TOKENS);
        rewritten.any(|query| with_query(ours, &query) == *native)
    })
}

fn parameters_but_empty_last(query: &[u8]) -> Vec<&[u8]> {
    let mut all = parameters(query);
    all.pop_if(|last| last.is_empty());
    all
}

fn parameters(query: &[u8]) -> Vec<&[u8]> {
    query.split(|byte| *byte == b'&').collect()
}

fn query_of(answer: &Answer) -> Option<Vec<u8>> {
    let request_line = answer.received.as_ref()?.first()?;
    let (_, query) = request_line.split_once('?')?;
    let (query, _) = query.rsplit_once(' ')?;
    Some(unescaped(query))
}

fn with_query(answer: &Answer, query: &[u8]) -> Answer {
    let mut answer = answer.clone();
    let received = answer.received.as_mut();
    if let Some(line) = received.and_then(|received| received.first_mut())
        && let (Some((before, _)), Some((_, version))) =
            (line.split_once('?'), line.rsplit_once(' '))
    {
        let mark = if query.is_empty() { "" } else { "?" };
        *line = format!("{before}{mark}{} {version}", query.escape_ascii());
    }
    answer
}

fn decoded_and_sorted(parameters: &[&[u8]]) -> Vec<u8> {
    let decoded = parameters.iter().map(|parameter| {
        let mut parts = parameter.splitn(2, |byte| *byte == b'=');
        let mut next = || percent_decode(parts.next().unwrap_or_default()).collect::<Vec<u8>>();
        (next(), next())
    });
    let mut decoded: Vec<_> = decoded.collect();
    decoded.sort_by(|(one, _), (other, _)| one.cmp(other));
    let written = decoded
        .into_iter()
        .map(|(name, value)| [name, value].join(&b'='));
    written.collect::<Vec<_>>().join(&b'&')
}
