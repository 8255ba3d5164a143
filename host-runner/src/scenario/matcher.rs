//! What a text may be expected to be: exactly this, containing that, matching a regex, or equal JSON.

use std::fmt;

use regex_lite::Regex;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use similar::TextDiff;

use super::headers::{QUOTE_IT, Text};
use super::template::{Names, Template, render_json};

/// A condition on a text.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    Exact(Template),
    Contains(Template),
    Prefix(Template),
    Suffix(Template),
    Regex(Regex),
    Json(Value),
}

/// A matcher in its long form: a mapping with exactly one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MatcherFields {
    contains: Option<Text>,
    prefix: Option<Text>,
    suffix: Option<Text>,
    regex: Option<String>,
    json: Option<Value>,
}

struct MatcherVisitor;

// A text up to this long is shown as it is; a longer one, or one of several lines, as a difference.
const SHORT_TEXT: usize = 120;

// === impl Matcher ===

impl Matcher {
    /// Why the text does not match; `None` when it does.
    pub(super) fn mismatch(&self, actual: &[u8], names: &Names) -> Option<String> {
        self.check(actual, names).err()
    }

    /// The texts in it that may hold placeholders. JSON is checked when it is read.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Exact(text) | Self::Contains(text) | Self::Prefix(text) | Self::Suffix(text) => {
                Some(text)
            }
            Self::Regex(_) | Self::Json(_) => None,
        }
    }

    /// The JSON in it, whose strings may hold placeholders.
    pub(super) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Exact(_)
            | Self::Contains(_)
            | Self::Prefix(_)
            | Self::Suffix(_)
            | Self::Regex(_) => None,
        }
    }

    fn check(&self, actual: &[u8], names: &Names) -> Result<(), String> {
        let holds = |holds: bool, condition: &str, text: &[u8]| match holds {
            true => Ok(()),
            false => Err(format!(
                "expected {condition} {}, got {}",
                quoted(text),
                quoted(actual)
            )),
        };
        match self {
            Self::Exact(text) => check_exact(&text.render(names)?, actual),
            Self::Contains(text) => {
                let text = text.render(names)?;
                holds(contains(actual, &text), "something containing", &text)
            }
            Self::Prefix(text) => {
                let text = text.render(names)?;
                holds(actual.starts_with(&text), "something starting with", &text)
            }
            Self::Suffix(text) => {
                let text = text.render(names)?;
                holds(actual.ends_with(&text), "something ending with", &text)
            }
            Self::Regex(regex) => holds(
                regex.is_match(&shown(actual)),
                "a match of the regex",
                regex.as_str().as_bytes(),
            ),
            Self::Json(expected) => check_json(&render_json(expected, names)?, actual),
        }
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MatcherVisitor)
    }
}

impl<'de> Visitor<'de> for MatcherVisitor {
    type Value = Matcher;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{QUOTE_IT}, or a mapping with one of contains, prefix, suffix, regex, json"
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Matcher, E> {
        text.parse().map(Matcher::Exact).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Matcher, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Matcher, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Matcher, A::Error> {
        MatcherFields::deserialize(MapAccessDeserializer::new(map))?
            .into_matcher()
            .map_err(A::Error::custom)
    }
}

// === impl MatcherFields ===

impl MatcherFields {
    fn into_matcher(self) -> Result<Matcher, String> {
        let text =
            |text: Option<Text>, kind: fn(Template) -> Matcher| text.map(|text| Ok(kind(text.0)));
        let conditions = [
            text(self.contains, Matcher::Contains),
            text(self.prefix, Matcher::Prefix),
            text(self.suffix, Matcher::Suffix),
            self.regex
                .map(|regex| parse_regex(&regex).map(Matcher::Regex)),
            self.json.map(|value| Ok(Matcher::Json(value))),
        ];
        match conditions.into_iter().flatten().collect::<Vec<_>>() {
            conditions if conditions.len() > 1 => {
                Err("expected one condition, found several".to_owned())
            }
            conditions => conditions
                .into_iter()
                .next()
                .unwrap_or(Err("expected a condition".to_owned())),
        }
    }
}

/// Compiles a regex of a scenario file. It may match anywhere in the text.
pub(super) fn parse_regex(regex: &str) -> Result<Regex, String> {
    Regex::new(regex).map_err(|error| format!("`{regex}` is no regex: {error}"))
}

fn check_exact(expected: &[u8], actual: &[u8]) -> Result<(), String> {
    match expected == actual {
        true => Ok(()),
        false => Err(difference(&shown(expected), &shown(actual))),
    }
}

fn check_json(expected: &Value, actual: &[u8]) -> Result<(), String> {
    match serde_json::from_slice::<Value>(actual) {
        Err(error) => Err(format!("expected JSON, got {} ({error})", quoted(actual))),
        Ok(actual) if actual == *expected => Ok(()),
        Ok(actual) => Err(difference(&format!("{expected:#}"), &format!("{actual:#}"))),
    }
}

fn difference(expected: &str, actual: &str) -> String {
    let is_short = |text: &str| text.len() <= SHORT_TEXT && !text.contains('\n');
    if is_short(expected) && is_short(actual) {
        return format!("expected {expected:?}, got {actual:?}");
    }
    let diff = TextDiff::from_lines(expected, actual);
    let mut unified = diff.unified_diff();
    format!(
        "not as expected:\n{}",
        unified
            .missing_newline_hint(false)
            .header("expected", "got")
    )
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Bytes as people read them: text as it is, anything else escaped.
pub(super) fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// The same in quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Source;

    fn mismatch(matcher: &str, actual: &str) -> Option<String> {
        let matcher: Matcher = Source::new("m", matcher).parse_only().unwrap();
        matcher.mismatch(actual.as_bytes(), &Names::default())
    }

    fn error(matcher: &str) -> String {
        Source::new("m", matcher)
            .parse_only::<Matcher>()
            .unwrap_err()
            .message
    }

    #[test]
    fn each_condition_holds_or_says_why_not() {
        for (matcher, good, bad) in [
            ("abc", "abc", "abcd"),
            ("200", "200", "201"),
            ("{contains: b}", "abc", "ac"),
            ("{prefix: a}", "abc", "bc"),
            ("{suffix: c}", "abc", "ab"),
            ("{regex: '^a.c$'}", "abc", "abcd"),
            ("{json: {a: [1]}}", r#"{ "a": [1] }"#, r#"{"a":[2]}"#),
            ("{json: 1}", "1", "no"),
        ] {
            assert_eq!(mismatch(matcher, good), None, "{matcher}");
            assert!(
                mismatch(matcher, bad).unwrap().contains("expected"),
                "{matcher}"
            );
        }
    }

    #[test]
    fn a_long_difference_is_shown_by_lines() {
        let difference = mismatch("{json: {a: 1, b: 2}}", r#"{"a":1,"b":3}"#).unwrap();
        assert!(
            difference.contains("-  \"b\": 2\n+  \"b\": 3\n"),
            "{difference}"
        );
    }

    #[test]
    fn a_matcher_has_exactly_one_condition_that_we_know() {
        assert!(error("{contains: a, prefix: b}").contains("expected one condition"));
        assert!(error("{}").contains("expected a condition"));
        assert!(
            error("{like: a}").contains("unknown field `like`, expected one of contains, prefix")
        );
        assert!(error("{regex: '('}").contains("`(` is no regex"));
        assert!(error("1.50").contains("put quotes around"));
    }
}
