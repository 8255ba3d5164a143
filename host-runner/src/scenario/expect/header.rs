//! What is expected of the values of one header.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Location;

use crate::scenario::headers::{Pairs, QUOTE_IT};
use crate::scenario::matcher::Matcher;
use crate::scenario::template::Template;

/// Each header with what is expected of its values.
pub(in crate::scenario) type HeaderExpectations = Pairs<HeaderExpectation>;

/// What is expected of the values of one header.
#[derive(Debug, Clone)]
pub(in crate::scenario) enum HeaderExpectation {
    /// `null` or `{present: false}`.
    Absent,
    /// `{present: true}`: any values.
    Present,
    /// Exactly as many values, each matching, in order.
    Values(Vec<Matcher>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presence {
    present: bool,
}

struct HeaderVisitor;

// === impl HeaderExpectations ===

impl HeaderExpectations {
    pub(super) fn expected_templates(&self) -> Vec<(Location, &Template)> {
        let headers = self.pairs.iter();
        let matchers = headers.flat_map(|(_, header)| {
            header
                .value
                .matchers()
                .iter()
                .map(|m| (header.referenced, m))
        });
        matchers
            .filter_map(|(place, matcher)| matcher.template().map(|text| (place, text)))
            .collect()
    }
}

// === impl HeaderExpectation ===

impl HeaderExpectation {
    pub(super) fn matchers(&self) -> &[Matcher] {
        match self {
            Self::Absent | Self::Present => &[],
            Self::Values(matchers) => matchers,
        }
    }
}

impl<'de> Deserialize<'de> for HeaderExpectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeaderVisitor)
    }
}

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = HeaderExpectation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{QUOTE_IT}, a list, null, or a mapping with one of present, contains, prefix, suffix, regex, json"
        )
    }

    fn visit_unit<E>(self) -> Result<HeaderExpectation, E> {
        Ok(HeaderExpectation::Absent)
    }

    fn visit_none<E>(self) -> Result<HeaderExpectation, E> {
        Ok(HeaderExpectation::Absent)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<HeaderExpectation, E> {
        let text = text.parse().map_err(E::custom)?;
        Ok(HeaderExpectation::Values(vec![Matcher::Exact(text)]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<HeaderExpectation, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<HeaderExpectation, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<HeaderExpectation, A::Error> {
        let mut matchers = Vec::new();
        while let Some(matcher) = seq.next_element()? {
            matchers.push(matcher);
        }
        match matchers.is_empty() {
            true => Err(A::Error::custom(
                "expected at least one value; `null` means that the header is absent",
            )),
            false => Ok(HeaderExpectation::Values(matchers)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HeaderExpectation, A::Error> {
        // Read as JSON first: a mapping cannot be tried twice.
        let fields = Value::deserialize(MapAccessDeserializer::new(map))?;
        if fields.get("present").is_none() {
            let matcher = Matcher::deserialize(fields).map_err(A::Error::custom)?;
            return Ok(HeaderExpectation::Values(vec![matcher]));
        }
        match Presence::deserialize(fields)
            .map_err(A::Error::custom)?
            .present
        {
            true => Ok(HeaderExpectation::Present),
            false => Ok(HeaderExpectation::Absent),
        }
    }
}
