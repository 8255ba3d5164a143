//! Compares what one step did on two subjects: response and the request that reached the upstream.
//! One filter, one verdict: whatever differs beyond [`LEFT_OUT`] is a disagreement.

use std::collections::BTreeMap;

use comfy_table::{ContentArrangement, Table};

use super::matcher::shown;
use super::run::Outcome;
use super::template::Names;
use crate::token::{TimeOffset, payload_segment};
use crate::upstream::Received;

/// Headers that are not compared, each with the reason why two proxies may differ in it.
/// The order of different names is not compared either: no rule of HTTP gives it a meaning.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("date", "the time of day of the response"),
    ("server", "the name of the proxy"),
    ("x-request-id", "random for each request"),
    (
        "x-envoy-upstream-service-time",
        "how long the upstream took",
    ),
    (
        "x-envoy-expected-rq-timeout-ms",
        "the router's own timeout, which no filter of ours sets",
    ),
    ("x-envoy-attempt-count", "the router's own retry count"),
    (
        "x-envoy-decorator-operation",
        "tracing, which scenarios leave off",
    ),
    (
        "connection",
        "about one connection (RFC 9110 section 7.6.1)",
    ),
    ("keep-alive", "about one connection"),
    (
        "transfer-encoding",
        "the framing of one connection (RFC 9112 section 6.1); the body itself is compared",
    ),
];

type Facts = BTreeMap<String, String>;

const ABSENT: &str = "(none)";

/// Two columns of a table that is still readable in a terminal.
const TABLE_WIDTH: u16 = 120;

/// A shorter one could stand anywhere by chance; only a token that is no JWT has such a payload.
const SHORTEST_REPLACED: usize = 8;

/// Says how two outcomes of the same step differ, side by side; `None` when they agree. `times` are the times of the
/// scenario as they are written: tokens are minted for each subject's own clock.
#[must_use]
pub fn disagreement(
    one: &Outcome,
    other: &Outcome,
    times: &[(String, TimeOffset)],
) -> Option<String> {
    let (left, right) = (facts(one, times), facts(other, times));
    let all = left.keys().chain(right.keys());
    let mut differing = all
        .filter(|what| left.get(*what) != right.get(*what))
        .collect::<Vec<_>>();
    differing.sort_unstable();
    differing.dedup();
    if differing.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(TABLE_WIDTH);
    table.set_header(["", &one.subject, &other.subject]);
    let value =
        |facts: &Facts, what: &str| facts.get(what).map_or(ABSENT, String::as_str).to_owned();
    for what in differing {
        table.add_row([what.clone(), value(&left, what), value(&right, what)]);
    }
    Some(format!(
        "{} and {} disagree:\n{table}",
        one.subject, other.subject
    ))
}

fn facts(outcome: &Outcome, times: &[(String, TimeOffset)]) -> Facts {
    let response = &outcome.response;
    let mut facts = Facts::new();
    facts.insert("status".to_owned(), response.status.to_string());
    facts.insert("body".to_owned(), shown(&response.body));
    add_headers(&mut facts, "header", &response.headers);
    add_headers(&mut facts, "trailer", &response.trailers);
    for (what, requests) in [("upstream", &outcome.upstream), ("call", &outcome.calls)] {
        let count = requests.len().to_string();
        facts.insert(format!("{what} requests"), count);
        for (number, received) in requests.iter().enumerate() {
            let which = match number {
                0 => what.to_owned(),
                number => format!("{what} {}", number + 1),
            };
            add_received(&mut facts, &which, received);
        }
    }
    let replacements = replacements(&outcome.names, times);
    facts
        .values_mut()
        .for_each(|value| *value = replace_all(value, &replacements));
    facts
}

fn add_received(facts: &mut Facts, which: &str, received: &Received) {
    let texts = [
        ("cluster", received.cluster.clone()),
        ("method", received.method.clone()),
        ("path", received.path.clone()),
        ("authority", shown(&received.authority)),
        ("body", shown(&received.body)),
    ];
    facts.extend(texts.map(|(what, text)| (format!("{which} {what}"), text)));
    add_headers(facts, &format!("{which} header"), &received.headers);
    add_headers(facts, &format!("{which} trailer"), &received.trailers);
}

// Repeated values stand one below the other, in their order.
fn add_headers(facts: &mut Facts, what: &str, headers: &[(String, Vec<u8>)]) {
    let compared = headers
        .iter()
        .filter(|(name, _)| LEFT_OUT.iter().all(|(left_out, _)| left_out != name));
    for (name, value) in compared {
        let values = facts.entry(format!("{what} {name}")).or_default();
        values.push_str(&format!("{:?}\n", shown(value)));
    }
}

// What one placeholder became on this subject, and the placeholder; the longest first, because a token contains its
// payload.
pub(super) fn replacements(names: &Names, times: &[(String, TimeOffset)]) -> Vec<(String, String)> {
    let tokens = names.tokens.iter().flat_map(|(name, token)| {
        let payload = (
            payload_segment(token).to_owned(),
            format!("{{{{payload:{name}}}}}"),
        );
        [(token.clone(), format!("{{{{token:{name}}}}}")), payload]
    });
    let times = times
        .iter()
        .map(|(text, offset)| (offset.at(names.now).to_string(), format!("{{{{{text}}}}}")));
    let listener = (names.listener.clone(), "{{listener}}".to_owned());
    let mut all = tokens
        .chain(times)
        .chain([listener])
        .filter(|(value, _)| value.len() >= SHORTEST_REPLACED)
        .collect::<Vec<_>>();
    all.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    all
}

pub(super) fn replace_all(text: &str, replacements: &[(String, String)]) -> String {
    let replace =
        |text: String, (value, placeholder): &(String, String)| text.replace(value, placeholder);
    replacements.iter().fold(text.to_owned(), replace)
}
