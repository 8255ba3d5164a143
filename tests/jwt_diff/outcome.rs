//! What came of a request: what the client got, what the upstream received, what later filters know.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::conformance::observe::Message;

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A response.
    Answered(Box<Answer>),
    /// The subject did not start with this configuration.
    Refused(String),
    /// No response came.
    Silent(String),
}

/// A response, and what led to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Status code.
    pub status: String,
    /// Headers of the response, sorted.
    pub headers: Vec<String>,
    /// The body, unless it is the upstream's.
    pub body: String,
    /// What the upstream received: the request line, then headers, sorted.
    pub received: Option<Vec<String>>,
    /// The payload for later filters, where it could be seen and there are any: a refusal has none.
    pub claims: Option<Value>,
}

/// The header by which the upstream's answers are told from the proxy's own; their body is the request's head.
pub const ECHO: &str = "x-echo";
/// The header that shows the payload for later filters.
pub const CLAIMS: &str = "x-claims";

/// Headers that no two requests have alike, and the one by which a proxy names itself.
const OWN: [&str; 4] = [
    "date",
    "server",
    "x-request-id",
    "x-envoy-upstream-service-time",
];

// === impl Outcome ===

impl Outcome {
    /// What is compared with another one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            // Each has words of its own for what is wrong.
            Self::Refused(_) => vec!["the configuration is refused".to_owned()],
            Self::Silent(_) => vec!["no response".to_owned()],
            Self::Answered(answer) => answer.lines(),
        }
    }

    /// The response, if there was one.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answered(answer) => Some(answer),
            Self::Refused(_) | Self::Silent(_) => None,
        }
    }

    /// The same without what only Envoy can show.
    #[must_use]
    pub fn without_claims(&self) -> Self {
        let mut outcome = self.clone();
        if let Self::Answered(answer) = &mut outcome {
            answer.claims = None;
        }
        outcome
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) | Self::Silent(why) => writeln!(formatter, "  {why}"),
            Self::Answered(_) => Ok(()),
        }?;
        let mut lines = self.lines().into_iter();
        lines.try_for_each(|line| writeln!(formatter, "  {line}"))
    }
}

// === impl Answer ===

impl Answer {
    /// Of a response as it was read.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let (claims, headers) = split(&message.headers, CLAIMS);
        let (echo, headers) = split(&headers, ECHO);
        let body = String::from_utf8_lossy(&message.body).into_owned();
        let status = message.first_line.split(' ').nth(1).unwrap_or_default();
        let mut answer = Self {
            status: status.to_owned(),
            headers: comparable(headers),
            ..Self::default()
        };
        if echo.is_some() {
            answer
                .headers
                .retain(|header| !header.starts_with("content-length:"));
            answer.received = Some(received(&body));
            answer.claims = claims.as_deref().and_then(claims_of);
        } else {
            answer.body = body;
        }
        answer
    }

    /// What is compared with another one.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("status {}", self.status)];
        lines.extend(
            self.headers
                .iter()
                .map(|header| format!("response {header}")),
        );
        lines.push(format!("body {}", self.body));
        let received = self.received.iter().flatten();
        lines.extend(received.map(|line| format!("upstream {line}")));
        lines.extend(self.claims.iter().map(|claims| format!("claims {claims}")));
        lines
    }
}

fn received(head: &str) -> Vec<String> {
    let mut lines = head.split('\n').map(str::to_owned);
    let request_line = lines.next().unwrap_or_default();
    [vec![request_line], comparable(lines.collect())].concat()
}

// The first value of a header, and the others of the list.
fn split(headers: &[String], name: &str) -> (Option<String>, Vec<String>) {
    let is_named = |header: &&String| header.split(':').next() == Some(name);
    let (of_name, others): (Vec<_>, Vec<_>) = headers.iter().partition(is_named);
    let value = of_name.first().and_then(|header| header.split_once(": "));
    (
        value.map(|(_, value)| value.to_owned()),
        others.into_iter().cloned().collect(),
    )
}

fn comparable(mut headers: Vec<String>) -> Vec<String> {
    for header in &mut headers {
        let name = header.split(':').next().unwrap_or_default();
        if OWN.contains(&name) {
            *header = name.to_owned();
        }
    }
    // Stable: the order of values of one name counts.
    headers.sort_by(|one, other| one.split(':').next().cmp(&other.split(':').next()));
    headers
}

// As native Envoy keeps it, all numbers are doubles (J44). Text that is no JSON is compared as text.
fn claims_of(header: &str) -> Option<Value> {
    if matches!(header, "" | "-") {
        return None;
    }
    let document = json_or_text(&unescaped(header));
    let bytes = document
        .get("@type")
        .and(document.get("value"))
        .and_then(Value::as_str);
    let state = bytes.and_then(|bytes| BASE64_STANDARD.decode(bytes).ok());
    Some(state.map_or_else(
        || doubles(&document),
        |state| doubles(&json_or_text(&state)),
    ))
}

fn json_or_text(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(bytes.escape_ascii().to_string()))
}

/// The bytes that `escape_ascii` has made this of.
#[must_use]
pub fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'x') => hex(rest.next()) << 4 | hex(rest.next()),
            Some(other) => other,
            None => byte,
        });
    }
    bytes
}

fn hex(digit: Option<u8>) -> u8 {
    let digit = digit.and_then(|digit| char::from(digit).to_digit(16));
    digit
        .and_then(|digit| u8::try_from(digit).ok())
        .unwrap_or_default()
}

fn doubles(value: &Value) -> Value {
    match value {
        // To 15 digits: reading decimals is not exact in the last one.
        Value::Number(number) => json!(number.as_f64().map(|number| format!("{number:.14e}"))),
        Value::Array(items) => items.iter().map(doubles).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), doubles(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}
