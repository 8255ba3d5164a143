//! A claim as a header value, in the forms Envoy gives each JSON type (rule J46).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::json::Object;
use crate::protobuf_json;

/// 2^64: from here on a number is no integer to Envoy.
const TWO_POW_64: f64 = 18_446_744_073_709_551_616.0;

/// The member that `path` leads to, through nested objects.
pub(crate) fn at_path<'a>(members: &'a Object, path: &[String]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    let mut members = members;
    for name in parents {
        members = members.get(name)?.as_object()?;
    }
    members.get(last)
}

/// The header value for `claim`; none for null and for an empty string.
pub(crate) fn header_value(claim: &Value) -> Option<Vec<u8>> {
    let text = match claim {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => number(value),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => STANDARD.encode(protobuf_json::print(claim)),
    };
    (!text.is_empty()).then(|| text.into_bytes())
}

// Envoy holds a double: digits beyond 2^53 are the double's, and what is no `uint64` is printed with C's `%f`.
fn number(number: &Number) -> String {
    let value = number.as_f64().unwrap_or_default();
    let is_integer = value.fract() == 0.0 && (0.0..TWO_POW_64).contains(&value);
    match is_integer {
        true => format!("{:.0}", value.abs()),
        false => format!("{value:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(claim: &Value) -> Option<String> {
        header_value(claim).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn number_text(claim: &Value) -> String {
        value(claim).unwrap()
    }

    #[test]
    fn strings_and_booleans_are_written_as_they_are() {
        assert_eq!(value(&json!("a b\u{e9}")).as_deref(), Some("a b\u{e9}"));
        assert_eq!(value(&json!(true)).as_deref(), Some("true"));
        assert_eq!(value(&json!(false)).as_deref(), Some("false"));
    }

    #[test]
    fn null_and_the_empty_string_have_no_header() {
        assert_eq!(value(&json!(null)), None);
        assert_eq!(value(&json!("")), None);
    }

    #[test]
    fn integers_are_the_digits_of_the_double() {
        assert_eq!(number_text(&json!(0)), "0");
        assert_eq!(number_text(&json!(-0.0)), "0");
        assert_eq!(
            number_text(&json!(9_007_199_254_740_993_u64)),
            "9007199254740992"
        );
        assert_eq!(number_text(&json!(1e19)), "10000000000000000000");
    }

    #[test]
    fn other_numbers_have_six_decimals() {
        assert_eq!(number_text(&json!(-3)), "-3.000000");
        assert_eq!(number_text(&json!(1.5)), "1.500000");
        assert_eq!(number_text(&json!(1e-7)), "0.000000");
        assert_eq!(number_text(&json!(0.123_456_5)), "0.123456");
        assert_eq!(number_text(&json!(u64::MAX)), "18446744073709551616.000000");
        assert_eq!(number_text(&json!(1e22)), "10000000000000000000000.000000");
    }

    #[test]
    fn lists_and_objects_are_padded_base64_of_their_json() {
        assert_eq!(number_text(&json!([1, "a"])), STANDARD.encode(r#"[1,"a"]"#));
        assert_eq!(number_text(&json!({})), "e30=");
    }

    #[test]
    fn a_path_leads_through_objects_only() {
        let Value::Object(members) = json!({"a": {"b": {"": 1}}, "a.b": 2, "l": [{"b": 3}]}) else {
            panic!()
        };
        let find = |path: &str| {
            at_path(
                &members,
                &path.split('.').map(str::to_owned).collect::<Vec<_>>(),
            )
            .cloned()
        };
        assert_eq!(find("a.b."), Some(json!(1)));
        assert_eq!(find("a.b"), Some(json!({"": 1})));
        assert_eq!(find("l.b"), None);
        assert_eq!(find("x"), None);
    }
}
