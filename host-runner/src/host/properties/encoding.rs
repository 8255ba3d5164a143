//! Wire encodings: what the bytes of a property are, by the type of its value.

use std::collections::BTreeSet;

use meshwright_core::headers::to_pairs;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::value::{Field, Value};
use crate::abi::Status;
use crate::host::header_map::HeaderMap;

/// Encodes a value. What has no encoding is a serialisation failure (status 3).
pub(crate) fn encode(value: &Value<'_>) -> Result<Vec<u8>, Status> {
    match value {
        Value::Bool(value) => Ok(vec![u8::from(*value)]),
        Value::Int(value) | Value::Time(value) | Value::Duration(value) => {
            Ok(value.to_le_bytes().to_vec())
        }
        Value::Uint(value) => Ok(value.to_le_bytes().to_vec()),
        Value::Double(value) => Ok(value.to_le_bytes().to_vec()),
        Value::Text(bytes) | Value::Bytes(bytes) => Ok(bytes.to_vec()),
        Value::Headers(headers) => Ok(headers.map_or_else(no_headers, header_pairs)),
        Value::Map(entries) => {
            let encoded = entries
                .iter()
                .map(|(key, value)| Ok((&**key, encode(value)?)));
            let encoded: Vec<_> = encoded.collect::<Result<_, _>>()?;
            Ok(to_pairs(
                encoded.iter().map(|(key, value)| (*key, &value[..])),
            ))
        }
        // A list is its elements as keys, without values.
        Value::List(items) => {
            let encoded: Vec<_> = items.iter().map(encode).collect::<Result<_, _>>()?;
            Ok(to_pairs(encoded.iter().map(|item| (&item[..], &[][..]))))
        }
        Value::Message(fields) => Ok(message(fields)),
        Value::Null | Value::Family(..) => Err(Status::SERIALIZATION_FAILURE),
    }
}

fn no_headers() -> Vec<u8> {
    HeaderMap::default().to_pairs()
}

// Every name once, with all its values.
fn header_pairs(headers: &HeaderMap) -> Vec<u8> {
    let names: BTreeSet<_> = headers.iter().map(|(name, _)| name).collect();
    let joined: Vec<_> = names
        .into_iter()
        .map(|name| (name, headers.get_joined(name).unwrap_or_default()))
        .collect();
    to_pairs(joined.iter().map(|(name, value)| (*name, &value[..])))
}

// Protobuf: fields that have their default value are left out, and so are empty messages, lists and maps.
fn message(fields: &[Field<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        match &field.value {
            Value::Uint(number) if *number != 0 => {
                encode_key(field.number, WireType::Varint, &mut bytes);
                encode_varint(*number, &mut bytes);
            }
            Value::Text(_) | Value::Message(_) => {
                let inner = encode(&field.value).unwrap_or_default();
                if !inner.is_empty() {
                    encode_key(field.number, WireType::LengthDelimited, &mut bytes);
                    encode_varint(inner.len() as u64, &mut bytes);
                    bytes.extend(inner);
                }
            }
            _ => {}
        }
    }
    bytes
}

/// A duration as the wire has it.
pub(super) fn nanoseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
