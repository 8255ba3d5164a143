//! What is compared: a configuration, and the requests that are sent to it.

use std::fmt;

use serde_json::{Value, json};

/// A configuration with its requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// For people.
    pub name: String,
    /// `jwtRules`, sorted by issuer as Istio does it (J1).
    pub rules: Vec<Value>,
    /// Whether it is thought to be refused; then it is started alone.
    pub refused: bool,
    /// What is sent.
    pub cases: Vec<Case>,
}

/// A request, and what it is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The rule that it is about (`J23`), or what it was generated from.
    pub rule: String,
    /// What is special about it.
    pub name: String,
    /// The request.
    pub request: Request,
}

/// A request without a body, as the bytes of its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Request method.
    pub method: String,
    /// Path and query, or `*`.
    pub path: Vec<u8>,
    /// Host.
    pub authority: String,
    /// Everything else, in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

// === impl Setup ===

impl Setup {
    /// A configuration without requests.
    #[must_use]
    pub fn new(name: impl Into<String>, mut rules: Vec<Value>) -> Self {
        rules.sort_by_key(|rule| issuer(rule).to_owned());
        Self {
            name: name.into(),
            rules,
            refused: false,
            cases: Vec::new(),
        }
    }

    /// As our filter is configured.
    #[must_use]
    pub fn configuration(&self) -> Value {
        json!({ "jwtRules": self.rules })
    }
}

/// The issuer of a rule; empty for any.
#[must_use]
pub fn issuer(rule: &Value) -> &str {
    rule.get("issuer")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

// === impl Request ===

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            path: b"/".to_vec(),
            authority: "example.com".to_owned(),
            headers: Vec::new(),
        }
    }
}

impl Request {
    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The bytes of an HTTP/1.1 request.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = [self.method.as_bytes(), b" ", &self.path, b" HTTP/1.1\r\n"].concat();
        bytes.extend(format!("host: {}\r\n", self.authority).as_bytes());
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes
    }

    /// Everything in it that looks like a token: has two dots.
    #[must_use]
    pub fn tokens(&self) -> Vec<Vec<u8>> {
        let bytes = self.bytes();
        let words = bytes.split(|byte| b" \r\n&=;\"?".contains(byte));
        let dots = |word: &[u8]| word.iter().filter(|byte| **byte == b'.').count();
        words
            .filter(|word| dots(word) >= 2 || is_encoded(word))
            .map(<[u8]>::to_vec)
            .collect()
    }
}

// In a query, its dots may be too.
fn is_encoded(word: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    word.windows(3).filter(|three| *three == b"%2e").count() >= 2
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.bytes().escape_ascii().to_string();
        for line in text.split("\\r\\n").filter(|line| !line.is_empty()) {
            writeln!(formatter, "  {line}")?;
        }
        Ok(())
    }
}
