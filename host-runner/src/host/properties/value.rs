//! A value in the tree of attributes, and what is below it.

use std::borrow::Cow;

use super::View;
use super::family::Family;
use crate::host::header_map::HeaderMap;

/// What a property can be.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    /// There, and nothing; it has no encoding.
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    /// A string of CEL, in whatever bytes.
    Text(Cow<'a, [u8]>),
    Bytes(Cow<'a, [u8]>),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    List(Vec<Value<'a>>),
    Map(Vec<(Cow<'a, [u8]>, Value<'a>)>),
    /// A header map where there is one, otherwise an empty map.
    Headers(Option<&'a HeaderMap>),
    /// A protobuf message.
    Message(Vec<Field<'a>>),
    /// A family of attributes; it has no encoding.
    Family(Family, View<'a>),
}

/// A field of a message.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'static str,
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
}

// === impl Value ===

impl<'a> Value<'a> {
    /// What is one step below; nothing is below a scalar.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Value<'a>> {
        match self {
            Self::Family(family, view) => family.get(*view, key),
            Self::Headers(headers) => headers.and_then(|it| it.get_joined(key)).map(Self::from),
            Self::Map(entries) => {
                let entry = entries.iter().find(|(name, _)| **name == *key)?;
                Some(entry.1.clone())
            }
            Self::List(items) => {
                let index: usize = std::str::from_utf8(key).ok()?.parse().ok()?;
                items.get(index).cloned()
            }
            Self::Message(fields) => {
                let field = fields.iter().find(|field| field.name.as_bytes() == key)?;
                Some(field.value.clone())
            }
            _ => None,
        }
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(text: Vec<u8>) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text.into_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }
}
