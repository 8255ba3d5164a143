//! Holds what a step expects against what happened and says every difference in words.

use serde_saphyr::Spanned;

use super::expect::{
    ExpectModel, HeaderExpectation, HeaderExpectations, LogExpectation, LogMatch,
    ReceivedExpectation, UpstreamExpectation,
};
use super::matcher::{Matcher, quoted, shown};
use super::run::{Outcome, PluginLine};
use super::template::Names;
use crate::upstream::Received;

type HeaderList = [(String, Vec<u8>)];

/// One sentence for each expectation that does not hold.
pub(super) fn failures(expect: &ExpectModel, outcome: &Outcome) -> Vec<String> {
    let names = &outcome.names;
    let mut failures = Vec::new();
    if let Some(status) = expect
        .status
        .filter(|status| *status != outcome.response.status)
    {
        failures.push(format!(
            "status: expected {status}, got {}",
            outcome.response.status
        ));
    }
    failures.extend(header_failures(
        "header",
        &expect.headers,
        &outcome.response.headers,
        names,
    ));
    let body = expect.body.as_ref().map(|body| &body.value);
    failures.extend(text_failure("body", body, &outcome.response.body, names));
    if let Some(upstream) = &expect.upstream {
        failures.extend(received_failures(
            "upstream",
            upstream,
            &outcome.upstream,
            names,
        ));
    }
    for (cluster, expected) in &expect.calls {
        let received = outcome.calls.iter().filter(|call| call.cluster == *cluster);
        let received: Vec<_> = received.cloned().collect();
        let what = format!("call to `{cluster}`");
        failures.extend(received_failures(&what, &expected.value, &received, names));
    }
    failures.extend(log_failures(expect, outcome));
    failures
}

fn text_failure(
    what: &str,
    expected: Option<&Matcher>,
    actual: &[u8],
    names: &Names,
) -> Option<String> {
    let mismatch = expected?.mismatch(actual, names)?;
    Some(format!("{what}: {mismatch}"))
}

fn header_failures(
    what: &str,
    expected: &HeaderExpectations,
    actual: &HeaderList,
    names: &Names,
) -> Vec<String> {
    let headers = expected.pairs.iter();
    let failures = headers.filter_map(|(name, expected)| {
        let values = actual
            .iter()
            .filter(|(actual, _)| actual == name.as_str())
            .map(|(_, value)| value.as_slice());
        let mismatch = values_mismatch(&expected.value, &values.collect::<Vec<_>>(), names)?;
        Some(format!("{what} `{name}`: {mismatch}"))
    });
    failures.collect()
}

pub(super) fn values_mismatch(
    expected: &HeaderExpectation,
    values: &[&[u8]],
    names: &Names,
) -> Option<String> {
    match expected {
        HeaderExpectation::Absent if !values.is_empty() => {
            Some(format!("expected none, got {}", list(values)))
        }
        HeaderExpectation::Present if values.is_empty() => {
            Some("expected any value, got none".to_owned())
        }
        HeaderExpectation::Absent | HeaderExpectation::Present => None,
        HeaderExpectation::Values(matchers) if matchers.len() == values.len() => {
            let mut pairs = matchers.iter().zip(values);
            pairs.find_map(|(matcher, value)| matcher.mismatch(value, names))
        }
        HeaderExpectation::Values(matchers) => Some(format!(
            "expected {}, got {}",
            expected_list(matchers, names),
            list(values)
        )),
    }
}

fn expected_list(matchers: &[Matcher], names: &Names) -> String {
    match matchers {
        [Matcher::Exact(text)] => quoted(&text.render(names).unwrap_or_default()),
        [_] => "one value".to_owned(),
        several => format!("{} values", several.len()),
    }
}

fn list(values: &[&[u8]]) -> String {
    match values {
        [] => "none".to_owned(),
        values => values
            .iter()
            .map(|value| quoted(value))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn received_failures(
    what: &str,
    expected: &UpstreamExpectation,
    received: &[Received],
    names: &Names,
) -> Vec<String> {
    let failure = match (expected, received) {
        (UpstreamExpectation::Nothing, []) => return Vec::new(),
        (UpstreamExpectation::Request(expected), [request]) => {
            return request_failures(what, expected, request, names);
        }
        (UpstreamExpectation::Nothing, received) => {
            format!("expected no request, received {}", requests(received))
        }
        (UpstreamExpectation::Request(_), []) => "expected a request, received none".to_owned(),
        (UpstreamExpectation::Request(_), received) => {
            format!("expected one request, received {}", requests(received))
        }
    };
    vec![format!("{what}: {failure}")]
}

fn requests(received: &[Received]) -> String {
    let requests = received.iter().map(|request| {
        format!(
            "`{} {}` on `{}`",
            request.method, request.path, request.cluster
        )
    });
    requests.collect::<Vec<_>>().join(", ")
}

fn request_failures(
    which: &str,
    expected: &ReceivedExpectation,
    request: &Received,
    names: &Names,
) -> Vec<String> {
    let text = |what: &str, expected: &Option<Spanned<Matcher>>, actual: &[u8]| {
        let expected = expected.as_ref().map(|expected| &expected.value);
        text_failure(&format!("{which} {what}"), expected, actual, names)
    };
    let failures = [
        cluster_failure(expected, request),
        text("method", &expected.method, request.method.as_bytes()),
        text("path", &expected.path, request.path.as_bytes()),
        text("authority", &expected.authority, &request.authority),
        text("body", &expected.body, &request.body),
    ];
    let what = format!("{which} header");
    let headers = header_failures(&what, &expected.headers, &request.headers, names);
    failures.into_iter().flatten().chain(headers).collect()
}

fn cluster_failure(expected: &ReceivedExpectation, request: &Received) -> Option<String> {
    let cluster = &expected.cluster.as_ref()?.value;
    let differs = *cluster != request.cluster;
    differs.then(|| {
        format!(
            "upstream cluster: expected `{cluster}`, got `{}`",
            request.cluster
        )
    })
}

pub(super) fn log_failures(expect: &ExpectModel, outcome: &Outcome) -> Vec<String> {
    let matches = |expected: &LogExpectation| {
        outcome
            .logs
            .iter()
            .find(|line| is_match(expected, line, &outcome.names))
    };
    let missing = expect
        .logs
        .iter()
        .filter(|expected| matches(expected).is_none());
    let missing = missing.map(|expected| {
        format!(
            "logs: expected {}, got{}",
            described(expected, &outcome.names),
            lines(&outcome.logs)
        )
    });
    let unwanted = expect.no_logs.iter().filter_map(matches);
    let unwanted =
        unwanted.map(|line| format!("logs: expected no line like `{}`", line.line.message));
    missing.chain(unwanted).collect()
}

fn is_match(expected: &LogExpectation, line: &PluginLine, names: &Names) -> bool {
    let plugin = expected
        .plugin
        .as_ref()
        .is_none_or(|plugin| plugin.value == line.plugin);
    let level = expected
        .level
        .is_none_or(|level| level.name() == line.line.level);
    let message = match &expected.message {
        None => true,
        Some(LogMatch::Regex(regex)) => regex.is_match(&line.line.message),
        Some(LogMatch::Contains(text)) => text
            .value
            .0
            .render_text(names)
            .is_ok_and(|text| line.line.message.contains(&text)),
    };
    plugin && level && message
}

fn described(expected: &LogExpectation, names: &Names) -> String {
    let plugin = expected
        .plugin
        .as_ref()
        .map(|plugin| format!(" of `{}`", plugin.value))
        .unwrap_or_default();
    let level = expected
        .level
        .map(|level| format!(" at {}", level.name()))
        .unwrap_or_default();
    let message = match &expected.message {
        None => String::new(),
        Some(LogMatch::Regex(regex)) => format!(" that matches {:?}", regex.as_str()),
        Some(LogMatch::Contains(text)) => {
            format!(
                " that contains {}",
                quoted(&text.value.0.render(names).unwrap_or_default())
            )
        }
    };
    format!("a line{plugin}{level}{message}")
}

fn lines(logs: &[PluginLine]) -> String {
    if logs.is_empty() {
        return " no line".to_owned();
    }
    let lines = logs.iter().map(|line| {
        format!(
            "\n{} {}: {}",
            line.plugin, line.line.level, line.line.message
        )
    });
    lines.collect()
}

/// What happened, in a few lines: it stands below the failures.
pub(super) fn summary(outcome: &Outcome) -> String {
    let body = shown(&outcome.response.body);
    let upstream = match outcome.upstream.as_slice() {
        [] => "no request reached an upstream".to_owned(),
        received => format!("upstream received {}", requests(received)),
    };
    format!("response {} {body:?}; {upstream}", outcome.response.status)
}
