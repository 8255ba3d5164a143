//! Configuration errors that name the place, and the one way JSON becomes a typed configuration.

mod structs;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_path_to_error::Segment;

/// A configuration that cannot be used: where (a JSON pointer, RFC 6901) and what is wrong, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// JSON pointer to the offending value; empty for the whole document.
    pub pointer: String,
    /// Lower case, no full stop, user input in backticks.
    pub message: String,
}

/// The type of a field that Istio has and this version does not: absent is fine, present is refused by name,
/// so that no part of a policy is ever ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsupported;

/// Reads a JSON document into `T`. Empty input reads as `{}`, so that a filter without configuration starts when
/// its configuration type has no required field.
///
/// A protobuf `Struct` in its wire form is read as the JSON that it stands for (rule K3). Its numbers are doubles: a whole
/// one up to 2^53 fits an integer; a larger one does not, because it may not be the one that was written.
///
/// # Errors
/// A [`ConfigError`] with the JSON pointer of the first value that does not fit.
pub fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, ConfigError> {
    let json = text(json);
    let mut reader = serde_json::Deserializer::from_slice(&json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(ConfigError::from_serde)?;
    reader
        .end()
        .map_err(|error| ConfigError::new("", error.to_string()))?;
    Ok(value)
}

/// Reads a JSON object, or a `Struct`, whose members are to be looked at one by one.
///
/// # Errors
/// When it is something else.
pub fn members(json: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, ConfigError> {
    serde_json::from_slice(&text(json)).map_err(|error| ConfigError::new("", error.to_string()))
}

fn text(json: &[u8]) -> Cow<'_, [u8]> {
    match structs::as_json(json) {
        Some(json) => Cow::Owned(json),
        None => Cow::Borrowed(json),
    }
}

/// Reads an already parsed JSON value into `T`.
///
/// # Errors
/// A [`ConfigError`] with the JSON pointer of the first value that does not fit.
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(ConfigError::from_serde)
}

// === impl ConfigError ===

impl ConfigError {
    /// An error at `pointer`.
    #[must_use]
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// The same error seen from one level up: `prefix` (a pointer such as `/rules/0`) goes in front.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }

    fn from_serde(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let pointer = error.path().iter().map(pointer_segment).collect::<String>();
        Self::new(pointer, error.into_inner().to_string())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "at {pointer}: {}", self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

/// RFC 6901 section 3: `~` and `/` in a key are written `~0` and `~1`.
#[must_use]
pub fn escape_pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn pointer_segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escape_pointer(key)),
        Segment::Enum { variant } => format!("/{}", escape_pointer(variant)),
        Segment::Unknown => String::new(),
    }
}

// === impl Unsupported ===

impl<'de> Deserialize<'de> for Unsupported {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "this field is not supported yet; remove it, because ignoring it would change the policy",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    #[expect(dead_code, reason = "only parsed")]
    struct Sample {
        rules: Vec<Rule>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    #[expect(dead_code, reason = "only parsed")]
    struct Rule {
        issuer: String,
        #[serde(default)]
        from_cookies: Unsupported,
    }

    fn error(json: &str) -> String {
        from_json::<Sample>(json.as_bytes())
            .unwrap_err()
            .to_string()
    }

    // `{"rules":[1]}` as a `Struct`.
    fn rules(number: f64) -> Vec<u8> {
        let number = number.to_le_bytes();
        [&b"\n\x16\n\x05rules\x12\x0d\x32\x0b\n\x09\x11"[..], &number].concat()
    }

    #[test]
    fn a_struct_is_as_good_as_json_and_its_whole_numbers_are_integers() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Limits {
            rules: Vec<u32>,
        }
        let read = |number| from_json::<Limits>(&rules(number));
        let error = |number| read(number).unwrap_err().to_string();
        assert_eq!(read(5.0), Ok(Limits { rules: vec![5] }));
        assert!(
            error(5.5).starts_with("at /rules/0: invalid type: floating point `5.5`, expected u32")
        );
        assert!(error(-1.0).starts_with("at /rules/0: invalid value: integer `-1`, expected u32"));
        assert!(error(1e10).starts_with("at /rules/0: invalid value: integer `10000000000`"));
        assert!(error(1e21).starts_with("at /rules/0: invalid type: floating point `1e+21`"));
    }

    #[test]
    fn errors_name_the_place() {
        assert!(
            error(r#"{"rules":[{"issuer":1}]}"#)
                .starts_with("at /rules/0/issuer: invalid type: integer `1`, expected a string")
        );
        assert!(error(r#"{"rules":[{"issuer":"a","x":1}]}"#).contains("unknown field `x`"));
        assert!(
            error(r#"{"rules":[{"issuer":"a","fromCookies":[]}]}"#)
                .starts_with("at /rules/0/fromCookies: this field is not supported")
        );
        assert!(error("").contains("missing field `rules`"));
        assert!(error(r#"{"rules":[]} x"#).contains("trailing characters"));
    }
}
