//! JSON as protobuf prints it, because that is what Envoy puts into claim headers (rule J46).
//!
//! Numbers are doubles in C's `%.15g`, or `%.17g` where that loses something; characters that could mislead a reader of
//! HTML or a terminal are escaped. The set was read off Envoy 1.40, every code point tried. Members come in name order.

use std::fmt::Write as _;

use serde_json::Value;

/// `value` in compact form.
pub(crate) fn print(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => double(number.as_f64().unwrap_or_default()),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", list(values.iter().map(print))),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{}:{}", quoted(name), print(value)));
            format!("{{{}}}", list(members))
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn double(value: f64) -> String {
    let short = general(value, 15);
    if short.parse() == Ok(value) {
        return short;
    }
    general(value, 17)
}

/// C's `%.<precision>g`.
fn general(value: f64, precision: i32) -> String {
    let scientific = format!("{value:.*e}", places(precision - 1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..precision).contains(&exponent) {
        return without_zeros(&format!("{value:.*}", places(precision - 1 - exponent))).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs())
}

fn places(count: i32) -> usize {
    usize::try_from(count).unwrap_or_default()
}

fn without_zeros(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match short_escape(character) {
            Some(letter) => quoted.extend(['\\', letter]),
            None if is_escaped(character) => push_escape(&mut quoted, character),
            None => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

const fn short_escape(character: char) -> Option<char> {
    match character {
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '"' | '\\' => Some(character),
        _ => None,
    }
}

const fn is_escaped(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '<' | '>' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{603}' | '\u{6dd}' | '\u{70f}'
        | '\u{17b4}' | '\u{17b5}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}')
}

fn push_escape(quoted: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a `String` cannot fail.
        let _ = write!(quoted, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let value = json!([
            1,
            100,
            -5,
            123_456_789_012_u64,
            999_999_999_999_999_u64,
            1e14,
            1_234_567_890_123_456_u64
        ]);
        assert_eq!(
            print(&value),
            "[1,100,-5,123456789012,999999999999999,100000000000000,1234567890123456]"
        );
    }

    #[test]
    fn large_and_small_numbers_have_an_exponent() {
        let value = json!([
            1e15,
            1e16,
            1e21,
            1.5e300,
            1e-7,
            5e-324,
            12_345_678_901_234_567_890_u64
        ]);
        let expected =
            "[1e+15,1e+16,1e+21,1.5e+300,1e-07,4.94065645841247e-324,1.2345678901234567e+19]";
        assert_eq!(print(&value), expected);
    }

    #[test]
    fn numbers_are_doubles() {
        assert_eq!(
            print(&json!([9_007_199_254_740_993_u64, 0.1, -0.0, 123_456.789])),
            "[9007199254740992,0.1,-0,123456.789]"
        );
    }

    #[test]
    fn strings_are_escaped_as_protobuf_does() {
        assert_eq!(
            print(&json!("\"\\/\t\u{8}\u{c}\n\r\u{1}")),
            r#""\"\\/\t\b\f\n\r\u0001""#
        );
        assert_eq!(
            print(&json!("<\u{e9}\u{7f}\u{2028}\u{ad}>")),
            "\"\\u003c\u{e9}\\u007f\\u2028\\u00ad\\u003e\""
        );
        assert_eq!(
            print(&json!("\u{1d173}\u{1f600}")),
            "\"\\ud834\\udd73\u{1f600}\""
        );
    }

    #[test]
    fn lists_and_objects_are_compact() {
        assert_eq!(
            print(&json!({"b": {"c": []}, "a": [1, true, null, "x", {}]})),
            r#"{"a":[1,true,null,"x",{}],"b":{"c":[]}}"#
        );
    }
}
