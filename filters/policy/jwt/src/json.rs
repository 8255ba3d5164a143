//! A JSON object reader that refuses what a token or key set must not contain.
//!
//! Duplicate members at any level, numbers beyond a double and deep nesting are refused, as Envoy does. What is no JSON but
//! Envoy's reader lets pass is read in [`Compat::Envoy`] (rule J23).

mod lax;

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::config::Compat;

/// The members of an object.
pub(crate) type Object = serde_json::Map<String, Value>;

/// How many objects and lists may lie inside each other, the outermost included: the limit of protobuf's reader.
const MAX_DEPTH: usize = 100;

/// Reads one value.
struct Node<'a> {
    /// How many more levels it may have.
    room: usize,
    /// Whether a double was read, whose last digit may be wrong.
    inexact: &'a Cell<bool>,
}

/// The object that `text` holds, or `None` when it is not one.
pub(crate) fn object(text: &[u8], compat: Compat) -> Option<Object> {
    match compat {
        Compat::Strict => strict_object(text),
        Compat::Envoy => {
            strict_object(text).or_else(|| lax::object(std::str::from_utf8(text).ok()?))
        }
    }
}

/// [`object`], and the same as JSON that others can read: `text` itself when it is.
pub(crate) fn object_and_json(text: Vec<u8>, compat: Compat) -> Option<(Object, Vec<u8>)> {
    if let Some(members) = strict_object(&text) {
        return Some((members, text));
    }
    let members = object(&text, compat)?;
    let json = serde_json::to_vec(&members).ok()?;
    Some((members, json))
}

fn strict_object(json: &[u8]) -> Option<Object> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let inexact = Cell::new(false);
    let node = Node {
        room: MAX_DEPTH,
        inexact: &inexact,
    };
    let Value::Object(members) = node.deserialize(&mut reader).ok()? else {
        return None;
    };
    reader.end().ok()?;
    match inexact.get() {
        // It is JSON, and so what the other reader takes too, which is slower and exact.
        true => lax::object(std::str::from_utf8(json).ok()?),
        false => Some(members),
    }
}

// === impl Node ===

impl Node<'_> {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        let room = self
            .room
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { room, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.inexact.set(true);
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Object::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_object(json: &str) -> bool {
        object(json.as_bytes(), Compat::Strict).is_some()
    }

    fn nested(levels: usize) -> String {
        format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    }

    #[test]
    fn objects_are_read_whitespace_around_them_too() {
        assert!(is_object(" {\"a\":[1,-2,3.5,null,true,\"x\",{}]}\n"));
    }

    #[test]
    fn duplicate_members_are_refused_at_any_level() {
        assert!(!is_object(r#"{"a":1,"a":1}"#));
        assert!(!is_object(r#"{"x":[{"a":1,"a":2}]}"#));
        assert!(!is_object(r#"{"a":1,"\u0061":2}"#));
    }

    #[test]
    fn roots_other_than_objects_are_refused() {
        for json in ["", "[]", "1", "\"x\"", "null", "{} {}", "{}x", "\u{feff}{}"] {
            assert!(!is_object(json), "{json}");
        }
    }

    #[test]
    fn numbers_beyond_a_double_are_refused() {
        assert!(!is_object(r#"{"a":1e999}"#));
        assert!(!is_object(r#"{"a":-1e999}"#));
        assert!(is_object(r#"{"a":1e300}"#));
    }

    #[test]
    fn numbers_that_json_does_not_have_are_refused() {
        for number in ["NaN", "Infinity", "01", "+1", ".5", "1."] {
            assert!(!is_object(&format!(r#"{{"a":{number}}}"#)), "{number}");
        }
    }

    #[test]
    fn a_hundred_levels_are_the_limit() {
        assert!(is_object(&nested(100)));
        assert!(!is_object(&nested(101)));
        assert!(!is_object(&nested(100_000)));
    }

    #[test]
    fn text_that_is_not_unicode_is_refused() {
        assert!(object(b"{\"a\":\"\xff\"}", Compat::Envoy).is_none());
        assert!(!is_object(r#"{"a":"\ud800"}"#));
        assert!(is_object(r#"{"a":"\u0000"}"#));
    }

    #[test]
    fn what_is_no_json_is_read_only_as_envoy_does() {
        for json in ["{'a':1}", "{a:1}", r#"{"a":1,}"#, "{\"a\":\"\n\"}", "null"] {
            assert!(!is_object(json), "{json}");
            assert!(object(json.as_bytes(), Compat::Envoy).is_some(), "{json}");
        }
    }

    #[test]
    fn json_for_others_is_json() {
        let json = |text: &str| object_and_json(text.into(), Compat::Envoy).unwrap().1;
        assert_eq!(json("{'a':1.0,}"), br#"{"a":1.0}"#);
        assert_eq!(json(r#" {"a" : 1}"#), br#" {"a" : 1}"#);
    }
}
