//! Text with placeholders: `{{token:good}}`, `{{payload:good}}`, `{{jwks:demo}}`, `{{listener}}`, `{{now+60}}` and
//! `{{hex:ff}}`. They are filled in when a case runs, because tokens are minted for the subject's clock.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::token::{TimeOffset, payload_segment};

/// Text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Token(String),
    Payload(String),
    Jwks(Vec<String>),
    Listener,
    Time(String, TimeOffset),
    Bytes(Vec<u8>),
}

/// What placeholders stand for while one step runs on one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// `host:port` of the listener.
    pub listener: String,
    /// Seconds since the epoch on the clock that the filters see.
    pub now: i64,
    /// Tokens by name, minted for that clock.
    pub tokens: BTreeMap<String, String>,
    /// Public keys as JWKs, by name.
    pub keys: Arc<BTreeMap<String, Value>>,
}

// === impl Template ===

impl Template {
    /// The text with every placeholder filled in.
    ///
    /// # Errors
    /// When it names a token or a key that is not there.
    pub fn render(&self, names: &Names) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            bytes.extend(part.render(names)?);
        }
        Ok(bytes)
    }

    /// As [`Template::render`], as text.
    ///
    /// # Errors
    /// When a name is not there, or the result is not UTF-8.
    pub fn render_text(&self, names: &Names) -> Result<String, String> {
        let bytes = self.render(names)?;
        String::from_utf8(bytes).map_err(|error| {
            format!(
                "expected UTF-8 text, found `{}`",
                error.as_bytes().escape_ascii()
            )
        })
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether every byte written out in the text satisfies `allowed`.
    pub(super) fn literals_are(&self, allowed: impl Fn(u8) -> bool) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Literal(text) => text.bytes().all(&allowed),
            Part::Bytes(bytes) => bytes.iter().copied().all(&allowed),
            Part::Token(_) | Part::Payload(_) | Part::Jwks(_) | Part::Listener | Part::Time(..) => {
                true
            }
        })
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(mut text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        while let Some((before, rest)) = text.split_once("{{") {
            let Some((placeholder, after)) = rest.split_once("}}") else {
                return Err(format!("expected `}}}}` after `{{{{{rest}`"));
            };
            parts.push(Part::Literal(before.to_owned()));
            parts.push(placeholder.trim().parse()?);
            text = after;
        }
        parts.push(Part::Literal(text.to_owned()));
        parts.retain(|part| *part != Part::Literal(String::new()));
        Ok(Self { parts })
    }
}

// === impl Part ===

impl Part {
    fn render(&self, names: &Names) -> Result<Vec<u8>, String> {
        match self {
            Self::Literal(text) => Ok(text.clone().into()),
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::Listener => Ok(names.listener.clone().into()),
            Self::Time(_, offset) => Ok(offset.at(names.now).to_string().into()),
            Self::Token(name) => names.token(name).map(Into::into),
            Self::Payload(name) => names.token(name).map(|token| payload_segment(token).into()),
            Self::Jwks(keys) => names.jwks(keys).map(Into::into),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("token", name)) => Ok(Self::Token(name.to_owned())),
            Some(("payload", name)) => Ok(Self::Payload(name.to_owned())),
            Some(("jwks", names)) => Ok(Self::Jwks(
                names
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect(),
            )),
            Some(("hex", digits)) => parse_hex(digits).map(Self::Bytes),
            None if text == "listener" => Ok(Self::Listener),
            None if TimeOffset::is_meant(text) => Ok(Self::Time(text.to_owned(), text.parse()?)),
            _ => Err(format!(
                "unknown placeholder `{{{{{text}}}}}`, expected one of `token:NAME`, `payload:NAME`, `jwks:KEY`, `listener`, \
                 `now+SECONDS`, `hex:BYTES`"
            )),
        }
    }
}

fn parse_hex(digits: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("expected pairs of hexadecimal digits, found `{digits}`");
    let digits = digits
        .as_bytes()
        .iter()
        .map(|digit| char::from(*digit).to_digit(16));
    let digits = digits.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    bytes.collect::<Option<Vec<_>>>().ok_or_else(wrong)
}

// === impl Names ===

impl Names {
    fn token(&self, name: &str) -> Result<&str, String> {
        let token = self.tokens.get(name).map(String::as_str);
        token.ok_or_else(|| unknown("token", name, self.tokens.keys()))
    }

    fn jwks(&self, names: &[String]) -> Result<String, String> {
        let key = |name: &String| {
            self.keys
                .get(name)
                .ok_or_else(|| unknown("key", name, self.keys.keys()))
        };
        let keys = names.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "keys": keys }).to_string())
    }
}

/// A sentence about a name that leads nowhere, and the names that would.
pub(super) fn unknown<'a>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> String {
    let known = known
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    match known.as_str() {
        "" => format!("unknown {kind} `{name}`, there is none in this file"),
        _ => format!("unknown {kind} `{name}`, expected one of {known}"),
    }
}

/// The same JSON with the placeholders in its strings filled in.
pub(super) fn render_json(value: &Value, names: &Names) -> Result<Value, String> {
    match value {
        Value::String(text) => text
            .parse::<Template>()?
            .render_text(names)
            .map(Value::String),
        Value::Array(items) => items.iter().map(|item| render_json(item, names)).collect(),
        Value::Object(members) => {
            let rendered = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), render_json(value, names)?)));
            rendered.collect::<Result<_, String>>().map(Value::Object)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            listener: "127.0.0.1:8080".to_owned(),
            now: 1000,
            tokens: [("good".to_owned(), "h.p.s".to_owned())].into(),
            keys: Arc::new([("demo".to_owned(), json!({"kty": "oct"}))].into()),
        }
    }

    fn rendered(text: &str) -> Result<String, String> {
        text.parse::<Template>()?.render_text(&names())
    }

    #[test]
    fn placeholders_are_filled_in() {
        assert_eq!(
            rendered("a {{token:good}} {{ payload:good }}{{listener}}").unwrap(),
            "a h.p.s p127.0.0.1:8080"
        );
        assert_eq!(
            rendered("{{now}} {{now-1m}} {{hex:6a4B}}").unwrap(),
            "1000 940 jK"
        );
        assert_eq!(
            rendered("{{jwks:demo}}").unwrap(),
            r#"{"keys":[{"kty":"oct"}]}"#
        );
    }

    #[test]
    fn hex_makes_bytes_that_yaml_cannot_write() {
        let template: Template = "x{{hex:ff00}}".parse().unwrap();
        assert_eq!(template.render(&names()).unwrap(), b"x\xff\x00");
        assert!(
            template
                .render_text(&names())
                .unwrap_err()
                .contains(r"`x\xff\x00`")
        );
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        assert_eq!(
            rendered("{{token:bad}}").unwrap_err(),
            "unknown token `bad`, expected one of `good`"
        );
        assert!(
            rendered("{{nope}}")
                .unwrap_err()
                .starts_with("unknown placeholder `{{nope}}`, expected one of")
        );
        assert!(rendered("{{now").unwrap_err().starts_with("expected `}}`"));
        assert!(rendered("{{hex:f}}").is_err());
        assert!(rendered("{{now+x}}").is_err());
    }
}
