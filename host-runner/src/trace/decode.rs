//! Arguments of hostcalls, read from parameters and guest memory. What cannot be read is shown as such, never an error.

use serde::{Serialize, Serializer};
use wasmtime::Val;

use super::event::Argument;
use super::table::{Kind, Signature};
use crate::abi::{log_level, parse_pairs};

/// One decoded value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i64),
    Word(&'static str),
    Bytes(Vec<u8>),
    Pairs(Vec<(Vec<u8>, Vec<u8>)>),
    /// The guest pointed outside its memory.
    Outside,
    /// Pairs that are none (rule M3).
    Malformed,
}

pub(super) const MAPS: [&str; 8] = [
    "request_headers",
    "request_trailers",
    "response_headers",
    "response_trailers",
    "grpc_initial_metadata",
    "grpc_trailing_metadata",
    "call_response_headers",
    "call_response_trailers",
];
const BUFFERS: [&str; 9] = [
    "request_body",
    "response_body",
    "downstream_data",
    "upstream_data",
    "call_response_body",
    "grpc_message",
    "vm_configuration",
    "plugin_configuration",
    "call_data",
];
const STREAMS: [&str; 4] = ["request", "response", "downstream", "upstream"];
const METRICS: [&str; 3] = ["counter", "gauge", "histogram"];

/// What goes in.
pub(super) fn inputs(signature: &Signature, params: &[Val], memory: &[u8]) -> Vec<Argument> {
    arguments(signature, params, memory, false)
}

/// What came out, where the call says that something did.
pub(super) fn outputs(
    signature: &Signature,
    (params, status): (&[Val], Option<u32>),
    memory: &[u8],
) -> Vec<Argument> {
    match status {
        Some(0) => arguments(signature, params, memory, true),
        _ => Vec::new(),
    }
}

fn arguments(signature: &Signature, params: &[Val], memory: &[u8], out: bool) -> Vec<Argument> {
    let mut rest = params;
    let mut arguments = Vec::new();
    for (name, kind) in signature.parameters {
        let (mine, after) = rest.split_at_checked(kind.width()).unwrap_or((rest, &[]));
        rest = after;
        if kind.is_output() == out {
            arguments.push(Argument {
                name,
                value: value(*kind, mine, memory),
            });
        }
    }
    arguments
}

fn value(kind: Kind, params: &[Val], memory: &[u8]) -> Value {
    let first = number(params.first());
    let second = number(params.get(1));
    match kind {
        Kind::Number | Kind::Id => Value::Number(i64::from(first)),
        Kind::Signed => Value::Number(i64::from(first.cast_signed())),
        Kind::Wide => Value::Number(params.first().and_then(Val::i64).unwrap_or_default()),
        Kind::Map => named(&MAPS, first),
        Kind::Buffer => named(&BUFFERS, first),
        Kind::Stream => named(&STREAMS, first),
        Kind::Metric => named(&METRICS, first),
        Kind::Level => log_level(first).map_or(Value::Number(i64::from(first)), Value::Word),
        Kind::Text | Kind::Bytes => bytes(memory, first, second),
        Kind::Pairs => pairs(bytes(memory, first, second)),
        Kind::Path => dotted(bytes(memory, first, second)),
        Kind::Iovecs => gathered(memory, first, second),
        Kind::OutNumber => {
            word(memory, first).map_or(Value::Outside, |it| Value::Number(it.into()))
        }
        Kind::OutWide => wide(memory, first).map_or(Value::Outside, Value::Number),
        Kind::OutBytes => pointed(memory, first, second),
        Kind::OutPairs => pairs(pointed(memory, first, second)),
    }
}

fn number(value: Option<&Val>) -> u32 {
    value.and_then(Val::i32).unwrap_or_default().cast_unsigned()
}

fn named(names: &[&'static str], number: u32) -> Value {
    let name = names.get(number as usize).copied();
    name.map_or(Value::Number(i64::from(number)), Value::Word)
}

fn bytes(memory: &[u8], pointer: u32, size: u32) -> Value {
    let (start, end) = (pointer as usize, pointer as usize + size as usize);
    let bytes = memory.get(start..end);
    bytes.map_or(Value::Outside, |bytes| Value::Bytes(bytes.to_vec()))
}

fn word(memory: &[u8], pointer: u32) -> Option<u32> {
    let bytes = memory.get(pointer as usize..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn wide(memory: &[u8], pointer: u32) -> Option<i64> {
    let bytes = memory.get(pointer as usize..)?.first_chunk()?;
    Some(i64::from_le_bytes(*bytes))
}

fn pointed(memory: &[u8], pointer: u32, size: u32) -> Value {
    match (word(memory, pointer), word(memory, size)) {
        (Some(pointer), Some(size)) => bytes(memory, pointer, size),
        _ => Value::Outside,
    }
}

// No bytes at all are no pairs.
fn pairs(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) if bytes.is_empty() => Value::Pairs(Vec::new()),
        Value::Bytes(bytes) => parse_pairs(&bytes).map_or(Value::Malformed, Value::Pairs),
        other => other,
    }
}

// Segments of a property's path are parted by NUL.
fn dotted(value: Value) -> Value {
    match value {
        Value::Bytes(mut bytes) => {
            for byte in bytes.iter_mut().filter(|byte| **byte == 0) {
                *byte = b'.';
            }
            Value::Bytes(bytes)
        }
        other => other,
    }
}

fn gathered(memory: &[u8], list: u32, count: u32) -> Value {
    let mut all = Vec::new();
    for index in 0..count {
        let Some(entry) = index.checked_mul(8).and_then(|it| list.checked_add(it)) else {
            return Value::Outside;
        };
        match pointed(memory, entry, entry.saturating_add(4)) {
            Value::Bytes(bytes) => all.extend(bytes),
            _ => return Value::Outside,
        }
    }
    Value::Bytes(all)
}

// === impl Value ===

impl Value {
    /// How many bytes of it cross the boundary.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Pairs(pairs) => pairs
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum(),
            Self::Number(_) | Self::Word(_) | Self::Outside | Self::Malformed => 0,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Json {
    Text(String),
    Hex { hex: String },
}

fn json(bytes: &[u8]) -> Json {
    let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match std::str::from_utf8(bytes) {
        Ok(text) => Json::Text(text.to_owned()),
        Err(_) => Json::Hex { hex: hex() },
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Bytes(bytes) => json(bytes).serialize(serializer),
            Self::Pairs(pairs) => {
                serializer.collect_seq(pairs.iter().map(|(name, value)| [json(name), json(value)]))
            }
            Self::Outside | Self::Malformed => serializer.serialize_none(),
        }
    }
}
