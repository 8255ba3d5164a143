//! The JSON Schema: that of the fields, and of what is merged over them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{HOSTS, PerRoute, ROUTES};

impl<T: JsonSchema> JsonSchema for PerRoute<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PerRoute_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let patch = patch(&schema);
        let fields = schema.ensure_object().entry("properties");
        if let Value::Object(fields) = fields.or_insert_with(|| json!({})) {
            let what = |of: &str| {
                json!({
                    "type": "object",
                    "description": format!("What is otherwise {of}."),
                    "additionalProperties": patch,
                })
            };
            fields.insert(ROUTES.to_owned(), what("on the routes of these names"));
            fields.insert(
                HOSTS.to_owned(),
                what("for these hosts; `*.` stands for any part"),
            );
        }
        schema
    }
}

// The same fields, none of them required. What may be absent may be `null`; what has fields of its own may lack some.
fn patch(schema: &Schema) -> Schema {
    let part = |name: &str| schema.get(name).cloned();
    let required = part("required").unwrap_or_default();
    let is_required = |name: &String| {
        required
            .as_array()
            .is_some_and(|it| it.contains(&json!(name)))
    };
    let fields = part("properties").unwrap_or_default();
    let fields = fields.as_object().into_iter().flatten();
    let fields = fields.map(|(name, field)| {
        let field = match (has_fields(field), is_required(name)) {
            (true, _) => json!(true),
            (false, true) => field.clone(),
            (false, false) => json!({ "anyOf": [field, { "type": "null" }] }),
        };
        (name.clone(), field)
    });
    let mut patch = json_schema!({ "type": "object", "properties": fields.collect::<Map<_, _>>() });
    if let Some(additional) = part("additionalProperties") {
        patch.insert("additionalProperties".to_owned(), additional);
    }
    patch
}

fn has_fields(field: &Value) -> bool {
    match field.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.contains(&json!("object")),
        // A reference or a choice.
        _ => true,
    }
}
