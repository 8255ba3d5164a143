//! A plugin's configuration in its two forms: text, or a protobuf `Struct` (rule K3).

pub(crate) mod file;

use clap::ValueEnum;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as StructValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a plugin is configured with, as Envoy's configuration says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    /// A `StringValue`, handed to the module as it is (JSON for our filters).
    Text(String),
    /// A `Struct`. Envoy hands over its wire form, not JSON as its documentation says; all its numbers are doubles.
    Struct(Map<String, Value>),
}

/// How a configuration that is written in a file is handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// As text, which is JSON unless it is text already.
    #[default]
    Text,
    /// As a protobuf `Struct`.
    Struct,
}

// === impl Form ===

impl Form {
    /// What is wrong with anything but a mapping that is to be a `Struct`.
    pub(crate) const NO_MAPPING: &str = "a configuration as a struct is a mapping";
}

// === impl Configuration ===

impl Configuration {
    /// What the module gets.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Struct(members) => wire(members).encode_to_vec(),
        }
    }

    /// As `google.protobuf.Any` in JSON.
    pub(crate) fn to_any(&self) -> Value {
        match self {
            Self::Text(text) => {
                json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
            }
            Self::Struct(members) => {
                json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": members })
            }
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<String> for Configuration {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Configuration {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

fn wire(members: &Map<String, Value>) -> Struct {
    let fields = members.iter();
    Struct {
        fields: fields
            .map(|(name, value)| (name.clone(), wire_value(value)))
            .collect(),
    }
}

fn wire_value(value: &Value) -> StructValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(ListValue {
            values: items.iter().map(wire_value).collect(),
        }),
        Value::Object(members) => Kind::StructValue(wire(members)),
    };
    StructValue { kind: Some(kind) }
}
