//! Metadata (`envoy.config.core.v3.Metadata`). Nothing here has any, so that the message is empty, and there.

use super::value::{Field, Value};

pub(super) fn empty<'a>() -> Value<'a> {
    let field = |name, number| Field {
        name,
        number,
        value: Value::Map(Vec::new()),
    };
    Value::Message(vec![
        field("filter_metadata", 1),
        field("typed_filter_metadata", 2),
    ])
}
