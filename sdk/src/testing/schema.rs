//! The JSON Schema of a filter's configuration, kept in a file.

use std::fs;
use std::path::Path;

use schemars::{JsonSchema, schema_for};
use similar::TextDiff;

use crate::Filter;

/// Says that the file is to be written.
const BLESS: &str = "MESHWRIGHT_BLESS";

/// Fails when a file is not the JSON Schema of a filter's configuration, and shows the difference; with `MESHWRIGHT_BLESS=1`
/// it is written.
///
/// ```no_run
/// #[meshwright::config]
/// struct Greeter {
///     /// What both sides are told.
///     greeting: String,
/// }
///
/// # #[cfg(any())]
/// #[test]
/// fn the_schema_is_up_to_date() {
///     meshwright::testing::assert_schema::<Greeter>("configuration.schema.json");
/// }
/// # let _ = |it: Greeter| it.greeting;
/// # let the_schema_is_up_to_date = || meshwright::testing::assert_schema::<Greeter>("configuration.schema.json");
/// # the_schema_is_up_to_date();
/// ```
///
/// The path is relative to the package, where its tests run.
///
/// # Panics
/// When it differs, or cannot be read or written.
#[expect(clippy::panic, reason = "a test fails by it")]
pub fn assert_schema<F: Filter<Config: JsonSchema>>(file: impl AsRef<Path>) {
    let is_blessed = std::env::var_os(BLESS).is_some_and(|value| !value.is_empty());
    if let Err(why) = compare(file.as_ref(), &schema::<F::Config>(), is_blessed) {
        panic!("{why}");
    }
}

fn schema<T: JsonSchema>() -> String {
    format!("{:#}\n", schema_for!(T).to_value())
}

fn compare(file: &Path, schema: &str, is_blessed: bool) -> Result<(), String> {
    let name = file.display();
    let cannot = |what: &str, error: &std::io::Error| format!("cannot {what} `{name}`: {error}");
    if is_blessed {
        return fs::write(file, schema).map_err(|error| cannot("write", &error));
    }
    let how = format!("`{BLESS}=1 cargo test` writes it");
    let found = fs::read_to_string(file);
    let found = found.map_err(|error| format!("{}; {how}", cannot("read", &error)))?;
    match found == schema {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is not the schema of the configuration; {how}:\n{}",
            TextDiff::from_lines(found.as_str(), schema).unified_diff()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::NoConfig;

    /// Limits.
    ///
    /// For all of them.
    #[meshwright::config]
    #[expect(dead_code, reason = "only described")]
    struct Limits {
        /// How many.
        requests: u8,
        #[schemars(length(min = 1))]
        names: Vec<String>,
        #[serde(default)]
        mode: Mode,
    }

    #[meshwright::config]
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        #[default]
        Strict,
        /// Lets pass.
        Lax,
    }

    #[test]
    fn a_schema_has_the_comments_and_knows_no_other_fields() {
        let schema: serde_json::Value = serde_json::from_str(&schema::<Limits>()).unwrap();
        let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/title"), "Limits");
        assert_eq!(at("/description"), "Limits.\n\nFor all of them.");
        assert_eq!(at("/additionalProperties"), false);
        assert_eq!(at("/required"), json!(["requests", "names"]));
        assert_eq!(at("/$defs/Mode/oneOf/1/description"), "Lets pass.");
        assert_eq!(at("/properties/requests/description"), "How many.");
        assert_eq!(at("/properties/requests/maximum"), 255);
        assert_eq!(at("/properties/names/minItems"), 1);
    }

    #[test]
    fn no_configuration_has_a_schema_too() {
        let schema: serde_json::Value = serde_json::from_str(&schema::<NoConfig>()).unwrap();
        assert_eq!(schema.pointer("/additionalProperties").unwrap(), false);
    }

    #[test]
    fn a_file_that_is_missing_or_differs_fails_unless_it_is_blessed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.json");
        let why = compare(&file, "one\n", false).unwrap_err();
        assert!(why.contains("MESHWRIGHT_BLESS=1 cargo test"), "{why}");
        compare(&file, "one\n", true).unwrap();
        compare(&file, "one\n", false).unwrap();
        let why = compare(&file, "two\n", false).unwrap_err();
        assert!(why.contains("-one\n+two"), "{why}");
        let nowhere = folder.path().join("none/s.json");
        let why = compare(&nowhere, "", true).unwrap_err();
        assert!(why.starts_with("cannot write"), "{why}");
    }
}
