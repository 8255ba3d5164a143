//! The JSON Schemas of templates and recipes: valid, and as strict as the filters are.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use meshwright_tests::root;
use serde_json::{Map, Value, json};

/// One schema, compiled.
struct Schema(Schemas, SchemaIndex);

// === impl Schema ===

impl Schema {
    fn is_valid(&self, value: &Value) -> bool {
        self.0.validate(value, self.1).is_ok()
    }
}

/// Those with a configuration beside them, which is the one that a new project has.
fn templates() -> Vec<PathBuf> {
    let kinds = ["http", "auth", "callout", "access-log", "tcp"].into_iter();
    kinds
        .map(|kind| root().join("sdk/template").join(kind))
        .collect()
}

#[test]
fn the_configuration_of_each_template_fits_its_schema_and_wrong_ones_do_not() {
    for folder in templates() {
        judge(&folder, &read(&folder.join("configuration.json")));
    }
}

#[test]
fn the_schemas_of_recipes_say_what_fits() {
    let recipe = |name: &str| root().join("sdk/cookbook").join(name);
    judge(
        &recipe("rate-limit"),
        &json!({"requests": 5, "seconds": 60}),
    );
    judge(
        &recipe("tarpit"),
        &json!({"key": "secret", "milliseconds": 10}),
    );
    let otherwise = json!({"a": {"bytes": 1}, "b": {}});
    let limits = schema(&recipe("limit-body"));
    assert!(limits.is_valid(&json!({"bytes": 1, "routes": otherwise, "hosts": otherwise})));
    for wrong in [
        json!({"a": {"bits": 1}}),
        json!({"a": {"bytes": null}}),
        json!([]),
    ] {
        assert!(
            !limits.is_valid(&json!({"bytes": 1, "routes": wrong})),
            "{wrong}"
        );
    }
    let schema = schema(&recipe("rate-limit"));
    for wrong in [json!(-1), json!(1.5)] {
        assert!(
            !schema.is_valid(&json!({"requests": wrong, "seconds": 60})),
            "{wrong}"
        );
    }
}

// One that fits, and what is wrong: one field more, one less, one of another type, and no mapping at all.
fn judge(folder: &Path, fits: &Value) {
    let schema = schema(folder);
    let place = folder.display();
    assert!(schema.is_valid(fits), "{place}: {fits}");
    let fields = fits.as_object().unwrap();
    let with = |name: &str, value: Value| {
        let mut fields: Map<_, _> = fields.clone();
        fields.insert(name.to_owned(), value);
        Value::Object(fields)
    };
    let mut wrong = vec![with("nobody knows it", json!(1)), json!([]), json!(null)];
    for name in fields.keys() {
        wrong.push(with(name, json!({})));
        let mut without = fields.clone();
        without.remove(name);
        wrong.push(Value::Object(without));
    }
    for wrong in wrong {
        assert!(!schema.is_valid(&wrong), "{place}: {wrong}");
    }
}

// Refuses one that is no JSON Schema.
fn schema(folder: &Path) -> Schema {
    let mut compiler = Compiler::new();
    let schema = read(&folder.join("configuration.schema.json"));
    compiler.add_resource("schema.json", schema).unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    Schema(schemas, index)
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}
