//! Properties declared as protobuf messages: the well-known types, which read as the values they wrap.

use prost::Message;

use crate::host::properties::Value;

const PREFIX: &[u8] = b"type.googleapis.com/google.protobuf.";

/// `google.protobuf.Duration`, and `Timestamp`, which has the same fields.
#[derive(Clone, PartialEq, Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// What a message of that type reads as. Nothing can be read of one that is malformed, or of a type that is not known
/// here.
pub(crate) fn value<'a>(schema: &[u8], bytes: &[u8]) -> Value<'a> {
    let name = schema.strip_prefix(PREFIX).unwrap_or_default();
    known(name, bytes).unwrap_or(Value::Null)
}

fn known<'a>(name: &[u8], bytes: &[u8]) -> Option<Value<'a>> {
    let value = match name {
        b"StringValue" => Value::from(String::decode(bytes).ok()?),
        b"BytesValue" => Value::Bytes(Vec::<u8>::decode(bytes).ok()?.into()),
        b"BoolValue" => Value::Bool(bool::decode(bytes).ok()?),
        b"Int32Value" => Value::Int(i32::decode(bytes).ok()?.into()),
        b"Int64Value" => Value::Int(i64::decode(bytes).ok()?),
        b"UInt32Value" => Value::Uint(u32::decode(bytes).ok()?.into()),
        b"UInt64Value" => Value::Uint(u64::decode(bytes).ok()?),
        b"FloatValue" => Value::Double(f32::decode(bytes).ok()?.into()),
        b"DoubleValue" => Value::Double(f64::decode(bytes).ok()?),
        b"Duration" => Value::Duration(nanoseconds(&Seconds::decode(bytes).ok()?)),
        b"Timestamp" => Value::Time(nanoseconds(&Seconds::decode(bytes).ok()?)),
        b"Empty" => Value::Message(Vec::new()),
        _ => return None,
    };
    Some(value)
}

fn nanoseconds(time: &Seconds) -> i64 {
    let seconds = time.seconds.saturating_mul(1_000_000_000);
    seconds.saturating_add(time.nanos.into())
}
