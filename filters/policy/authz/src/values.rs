//! Reading the values of one field, each with its place in the configuration.
//! As strict as Istio's admission, which keeps out what its builder would drop or widen (rule A5).

use meshwright_core::ConfigError;
use policy_matchers::pattern::Pattern;

/// Compiles each item of a list; an error is put under the index of its item.
pub(crate) fn compile_each<T, U>(
    items: &[T],
    compile: impl Fn(&T) -> Result<U, ConfigError>,
) -> Result<Vec<U>, ConfigError> {
    let indexed = items.iter().enumerate();
    indexed
        .map(|(index, item)| compile(item).map_err(|error| error.under(&format!("/{index}"))))
        .collect()
}

/// Parses each value, of which none may be empty.
pub(crate) fn parse_values<T>(
    values: &[String],
    parse: impl Fn(&str) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    compile_each(values, |value| match value.as_str() {
        "" => Err(ConfigError::new(
            "",
            "an empty value matches nothing; remove it or write `*`",
        )),
        value => parse(value),
    })
}

/// Reads each value by a form that any text has; none may be empty.
pub(crate) fn read_values<T>(
    values: &[String],
    read: impl Fn(&str) -> T,
) -> Result<Vec<T>, ConfigError> {
    parse_values(values, |value| Ok(read(value)))
}

/// Reads a port: decimal digits, at most 65535.
pub(crate) fn parse_port(value: &str) -> Result<u16, ConfigError> {
    // `parse` alone would take a leading `+`.
    let digits = value
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(value);
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| {
            ConfigError::new(
                "",
                format!("`{value}` is not a port; write a number from 0 to 65535"),
            )
        })
}

/// Reads a path; the operators of a path template (rule A20) are refused, because as plain text they match nothing.
pub(crate) fn parse_path(value: &str) -> Result<Pattern, ConfigError> {
    if value.contains("{*}") || value.contains("{**}") {
        let message =
            format!("path template `{value}` is not supported yet; use a prefix such as `/a/*`");
        return Err(ConfigError::new("", message));
    }
    Ok(Pattern::for_text(value))
}
