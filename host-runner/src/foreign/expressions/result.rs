//! The value that an expression comes to, as bytes.

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelString,
    CelTimestamp, CelUInt,
};
use cel::common::value::Val;

use super::EvaluateError;
use super::attribute::{Encoding, EncodingKey};
use crate::abi::Status;
use crate::host::properties::Value;

type Encode<'f> = &'f dyn Fn(&Value<'_>) -> Result<Vec<u8>, Status>;

/// Encodes a value.
pub(super) fn encoded(value: &dyn Val, encode: Encode<'_>) -> Result<Vec<u8>, EvaluateError> {
    let nothing = || EvaluateError::NoEncoding(Status::SERIALIZATION_FAILURE);
    let is_builtin_container = value.downcast_ref::<CelList<'_>>().is_some()
        || value.downcast_ref::<CelMap<'_>>().is_some();
    match value.as_indexer().filter(|_| !is_builtin_container) {
        Some(attribute) => {
            let encoding = attribute.get(&EncodingKey)?;
            let encoding = encoding.downcast_ref::<Encoding>().ok_or_else(nothing)?;
            encoding.0.clone().map_err(EvaluateError::NoEncoding)
        }
        None => {
            let value = from_cel(value, encode)?.ok_or_else(nothing)?;
            encode(&value).map_err(EvaluateError::NoEncoding)
        }
    }
}

// None: there is no encoding for values of that type, null and types among them.
fn from_cel(value: &dyn Val, encode: Encode<'_>) -> Result<Option<Value<'static>>, EvaluateError> {
    Ok(Some(if let Some(value) = value.downcast_ref::<CelBool>() {
        Value::Bool(*value.inner())
    } else if let Some(value) = value.downcast_ref::<CelInt>() {
        Value::Int(*value.inner())
    } else if let Some(value) = value.downcast_ref::<CelUInt>() {
        Value::Uint(*value.inner())
    } else if let Some(value) = value.downcast_ref::<CelDouble>() {
        Value::Double(*value.inner())
    } else if let Some(value) = value.downcast_ref::<CelString<'_>>() {
        Value::from(value.inner().to_owned())
    } else if let Some(value) = value.downcast_ref::<CelBytes<'_>>() {
        Value::Bytes(value.inner().to_vec().into())
    } else if let Some(value) = value.downcast_ref::<CelTimestamp>() {
        Value::Time(value.inner().timestamp_nanos_opt().unwrap_or(i64::MAX))
    } else if let Some(value) = value.downcast_ref::<CelDuration>() {
        Value::Duration(value.inner().num_nanoseconds().unwrap_or(i64::MAX))
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let items = list.inner().iter();
        let items = items.map(|item| Ok(Value::Bytes(encoded(&**item, encode)?.into())));
        Value::List(items.collect::<Result<_, EvaluateError>>()?)
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let entries = map.inner().iter().map(|(key, value)| {
            let value = Value::Bytes(encoded(&**value, encode)?.into());
            Ok((key_bytes(key, encode)?.into(), value))
        });
        Value::Map(entries.collect::<Result<_, EvaluateError>>()?)
    } else {
        return Ok(None);
    }))
}

fn key_bytes(key: &CelMapKey<'_>, encode: Encode<'_>) -> Result<Vec<u8>, EvaluateError> {
    encoded(key.inner(), encode)
}
