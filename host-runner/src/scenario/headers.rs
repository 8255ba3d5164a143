//! Header names, header values and short texts as scenario files write them.

use std::fmt;

use http::HeaderName;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::template::Template;

/// One scalar: text, or a whole number as it is written.
#[derive(Debug, Clone)]
pub(super) struct Text(pub(super) Template);

/// One value or a list of values.
#[derive(Debug, Clone)]
pub(super) struct Values(pub(super) Vec<Template>);

/// `name: value` pairs in written order.
#[derive(Debug, Clone)]
pub(super) struct Pairs<V> {
    pub(super) pairs: Vec<(HeaderName, Spanned<V>)>,
}

/// Headers to send: each name with its values.
pub(super) type HeaderModel = Pairs<Values>;

struct TextVisitor;

struct ValuesVisitor;

struct PairsVisitor<V>(std::marker::PhantomData<V>);

/// Reads a scalar through `deserialize_any`, where a fraction or a truth value has lost its spelling.
pub(super) const QUOTE_IT: &str =
    "text; put quotes around a value that YAML takes for something else";

// === impl Text ===

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(QUOTE_IT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        text.parse().map(Text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
        self.visit_str(&number.to_string())
    }
}

// === impl Values ===

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = deserializer.deserialize_any(ValuesVisitor)?;
        match values
            .0
            .iter()
            .all(|value| value.literals_are(is_field_value_byte))
        {
            true => Ok(values),
            false => Err(D::Error::custom(
                "a header value cannot hold control characters (RFC 9110 section 5.5)",
            )),
        }
    }
}

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{QUOTE_IT}, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Values, E> {
        TextVisitor.visit_str(text).map(|text| Values(vec![text.0]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Values, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Values, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
        let mut values = Vec::new();
        while let Some(Text(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Values(values))
    }
}

fn is_field_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

// === impl Pairs ===

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self { pairs: Vec::new() }
    }
}

impl HeaderModel {
    /// Every name with every value of it, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &Template)> {
        self.pairs
            .iter()
            .flat_map(|(name, values)| values.value.0.iter().map(move |value| (name, value)))
    }

    /// Every value with its place.
    pub(super) fn templates(&self) -> impl Iterator<Item = (Location, &Template)> {
        let pairs = self.pairs.iter();
        pairs.flat_map(|(_, values)| {
            values
                .value
                .0
                .iter()
                .map(|value| (values.referenced, value))
        })
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping from header names to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
        let mut pairs: Vec<(HeaderName, Spanned<V>)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let header = header_name(&name).map_err(A::Error::custom)?;
            if pairs.iter().any(|(earlier, _)| *earlier == header) {
                return Err(A::Error::custom(format!(
                    "the header `{name}` is here twice; give it a list of values"
                )));
            }
            pairs.push((header, map.next_value()?));
        }
        Ok(Pairs { pairs })
    }
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    if name.eq_ignore_ascii_case("host") || name.starts_with(':') {
        return Err(format!(
            "`{name}` is no header here; use `method`, `path` or `authority`"
        ));
    }
    name.parse()
        .map_err(|_| format!("`{name}` is no header name"))
}
