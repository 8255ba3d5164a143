//! Expectations as scenario files write them. What is not written is not checked.

mod header;

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_saphyr::{Location, Spanned};

pub(super) use self::header::{HeaderExpectation, HeaderExpectations};
use super::headers::Text;
use super::matcher::{Matcher, parse_regex};
use super::template::Template;

/// What a step expects.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ExpectModel {
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: HeaderExpectations,
    #[serde(default)]
    pub(super) body: Option<Spanned<Matcher>>,
    #[serde(default)]
    pub(super) upstream: Option<UpstreamExpectation>,
    #[serde(default)]
    pub(super) calls: BTreeMap<String, Spanned<UpstreamExpectation>>,
    #[serde(default)]
    pub(super) logs: Vec<LogExpectation>,
    #[serde(default)]
    pub(super) no_logs: Vec<LogExpectation>,
}

/// What the upstream is expected to have received.
#[derive(Debug, Clone)]
pub(super) enum UpstreamExpectation {
    /// No request at all.
    Nothing,
    /// One request, like this.
    Request(Box<ReceivedExpectation>),
}

/// What the one request is expected to be when it arrives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ReceivedExpectation {
    #[serde(default)]
    pub(super) cluster: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) method: Option<Spanned<Matcher>>,
    #[serde(default)]
    pub(super) path: Option<Spanned<Matcher>>,
    #[serde(default)]
    pub(super) authority: Option<Spanned<Matcher>>,
    #[serde(default)]
    pub(super) headers: HeaderExpectations,
    #[serde(default)]
    pub(super) body: Option<Spanned<Matcher>>,
}

/// A log line that is expected, or must not be there.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "LogFields")]
pub(super) struct LogExpectation {
    pub(super) plugin: Option<Spanned<String>>,
    pub(super) level: Option<Level>,
    pub(super) message: Option<LogMatch>,
}

/// What the message of a log line is expected to be.
#[derive(Debug, Clone)]
pub(super) enum LogMatch {
    Contains(Spanned<Text>),
    Regex(Regex),
}

/// The log levels of the Proxy-Wasm ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFields {
    plugin: Option<Spanned<String>>,
    level: Option<Level>,
    contains: Option<Spanned<Text>>,
    regex: Option<String>,
}

struct UpstreamVisitor;

// === impl ExpectModel ===

impl ExpectModel {
    /// Every text that may hold placeholders, with its place.
    pub(super) fn templates(&self) -> Vec<(Location, &Template)> {
        let mut templates = self.headers.expected_templates();
        templates.extend(located(self.body.as_ref()));
        let logs = self.logs.iter().chain(&self.no_logs);
        templates.extend(logs.filter_map(LogExpectation::template));
        for request in self.requests() {
            templates.extend(request.headers.expected_templates());
            let texts = [
                &request.method,
                &request.path,
                &request.authority,
                &request.body,
            ];
            templates.extend(texts.into_iter().filter_map(|text| located(text.as_ref())));
        }
        templates
    }

    // The requests that are expected upstream and at callees.
    fn requests(&self) -> impl Iterator<Item = &ReceivedExpectation> {
        let calls = self.calls.values().map(|call| &call.value);
        let expected = self.upstream.iter().chain(calls);
        expected.filter_map(|expected| match expected {
            UpstreamExpectation::Request(request) => Some(&**request),
            UpstreamExpectation::Nothing => None,
        })
    }

    /// Every JSON value that may hold placeholders, with its place.
    pub(super) fn json(&self) -> Vec<(Location, &Value)> {
        let requests = || self.requests();
        let in_requests = requests().filter_map(|request| request.body.as_ref());
        let bodies = self.body.iter().chain(in_requests);
        let in_requests = requests().flat_map(|request| &request.headers.pairs);
        let headers = self.headers.pairs.iter().chain(in_requests);
        let in_headers = headers.flat_map(|(_, header)| {
            header
                .value
                .matchers()
                .iter()
                .map(|m| (header.referenced, m))
        });
        let all = bodies
            .map(|body| (body.referenced, &body.value))
            .chain(in_headers);
        all.filter_map(|(place, matcher)| matcher.json().map(|value| (place, value)))
            .collect()
    }
}

fn located(matcher: Option<&Spanned<Matcher>>) -> Option<(Location, &Template)> {
    let matcher = matcher?;
    matcher
        .value
        .template()
        .map(|text| (matcher.referenced, text))
}

// === impl UpstreamExpectation ===

impl<'de> Deserialize<'de> for UpstreamExpectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UpstreamVisitor)
    }
}

impl<'de> Visitor<'de> for UpstreamVisitor {
    type Value = UpstreamExpectation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`none`, or a mapping of cluster, method, path, authority, headers, body")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<UpstreamExpectation, E> {
        match text {
            "none" => Ok(UpstreamExpectation::Nothing),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UpstreamExpectation, A::Error> {
        let request = ReceivedExpectation::deserialize(MapAccessDeserializer::new(map))?;
        Ok(UpstreamExpectation::Request(Box::new(request)))
    }
}

// === impl LogExpectation ===

impl LogExpectation {
    fn template(&self) -> Option<(Location, &Template)> {
        match &self.message {
            Some(LogMatch::Contains(text)) => Some((text.referenced, &text.value.0)),
            Some(LogMatch::Regex(_)) | None => None,
        }
    }
}

impl TryFrom<LogFields> for LogExpectation {
    type Error = String;

    fn try_from(fields: LogFields) -> Result<Self, String> {
        let message = match (fields.contains, fields.regex) {
            (Some(_), Some(_)) => {
                return Err("expected `contains` or `regex`, found both".to_owned());
            }
            (Some(text), None) => Some(LogMatch::Contains(text)),
            (None, Some(regex)) => Some(LogMatch::Regex(parse_regex(&regex)?)),
            (None, None) => None,
        };
        if fields.plugin.is_none() && fields.level.is_none() && message.is_none() {
            return Err("expected at least one of plugin, level, contains, regex".to_owned());
        }
        Ok(Self {
            plugin: fields.plugin,
            level: fields.level,
            message,
        })
    }
}

// === impl Level ===

impl Level {
    /// Its name, as subjects report it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}
