//! `filter_state.*`, and the properties that filters set, which are in it under `wasm.` (rule P2).

use std::borrow::Cow;

use super::value::Value;
use crate::host::filter_state::{Kind, Object, Property, well_known};
use crate::host::stream::StreamInfo;

/// An object of the filter state, by its whole key.
pub(super) fn object<'a>(info: &'a StreamInfo, key: &[u8]) -> Option<Value<'a>> {
    match info.state.get(key)? {
        Object::Property(property) => Some(typed(property)),
        Object::Text(text) => Some(Value::from(text)),
        Object::Fields => Some(Value::Map(Vec::new())),
        Object::Opaque => None,
    }
}

/// A property by the name it was set under. One that is all of a path is its bytes, whatever its type.
pub(super) fn property<'a>(info: &'a StreamInfo, name: &[u8], last: bool) -> Option<Value<'a>> {
    let property = info.state.property(name)?;
    Some(if last {
        Value::Bytes(Cow::Owned(property.value))
    } else {
        typed(property)
    })
}

fn typed<'a>(property: Property) -> Value<'a> {
    let prototype = property.prototype;
    match prototype.kind {
        Kind::Text => Value::from(property.value),
        Kind::Protobuf => well_known::value(&prototype.schema, &property.value),
        // Envoy crashes when it looks into a FlatBuffers property whose schema is none; it has no value here.
        Kind::FlatBuffers => Value::Null,
        Kind::Bytes => Value::Bytes(Cow::Owned(property.value)),
    }
}
