//! JSON as protobuf reads it, and so Envoy (rule J23): what RFC 8259 allows and then some.
//!
//! Also accepted: one comma after the last member or item, strings in single quotes, names without quotes, raw control
//! characters, `\U` and `\'`, white space within a surrogate pair, and `null` for an empty object.

use serde_json::{Map, Number, Value};

use super::{MAX_DEPTH, Object};

/// The object that `text` holds, or `None`.
pub(super) fn object(text: &str) -> Option<Object> {
    let mut reader = Reader { rest: text };
    let members = match reader.eat("null") {
        true => Map::new(),
        false => reader.object(MAX_DEPTH)?,
    };
    reader.skip_space();
    reader.rest.is_empty().then_some(members)
}

/// Reads from the front. Recursion ends at [`MAX_DEPTH`].
struct Reader<'a> {
    rest: &'a str,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn value(&mut self, room: usize) -> Option<Value> {
        self.skip_space();
        match self.rest.chars().next()? {
            '{' => self.object(room).map(Value::Object),
            '[' => self.list(room).map(Value::Array),
            '"' | '\'' => self.string().map(Value::String),
            '-' | '0'..='9' => self.number(),
            't' => self.expect("true").map(|()| Value::Bool(true)),
            'f' => self.expect("false").map(|()| Value::Bool(false)),
            'n' => self.expect("null").map(|()| Value::Null),
            _ => None,
        }
    }

    fn object(&mut self, room: usize) -> Option<Object> {
        let room = room.checked_sub(1)?;
        self.expect("{")?;
        let mut members = Map::new();
        while !self.eat("}") {
            let name = self.name()?;
            self.expect(":")?;
            let value = self.value(room)?;
            if members.insert(name, value).is_some() {
                return None;
            }
            self.separator('}')?;
        }
        Some(members)
    }

    fn list(&mut self, room: usize) -> Option<Vec<Value>> {
        let room = room.checked_sub(1)?;
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.eat("]") {
            items.push(self.value(room)?);
            self.separator(']')?;
        }
        Some(items)
    }

    /// A comma, or nothing before the end.
    fn separator(&mut self, end: char) -> Option<()> {
        (self.eat(",") || self.rest.starts_with(end)).then_some(())
    }

    fn name(&mut self) -> Option<String> {
        self.skip_space();
        if self.rest.starts_with(['"', '\'']) {
            return self.string();
        }
        let word =
            self.take_while(|character| character == '_' || character.is_ascii_alphanumeric());
        let is_name = !word.is_empty()
            && !word.starts_with(|first: char| first.is_ascii_digit())
            && !matches!(word, "null" | "true" | "false");
        is_name.then(|| word.to_owned())
    }

    /// Numbers are those of JSON; what overflows a double is none. Doubles are right to the last digit, as Envoy's are (rule J46):
    /// serde_json's are not, but with a feature that would make a module a tenth larger.
    fn number(&mut self) -> Option<Value> {
        let number =
            self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
        let read: Number = serde_json::from_str(number).ok()?;
        match read.is_f64() {
            true => Number::from_f64(number.parse().ok()?).map(Value::Number),
            false => Some(Value::Number(read)),
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.next()?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '\\' => text.push(self.escaped()?),
                character if character == quote => return Some(text),
                character => text.push(character),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        match self.next()? {
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' | 'U' => self.code_point(),
            character @ ('"' | '\'' | '\\' | '/') => Some(character),
            _ => None,
        }
    }

    /// After `\u`: four digits, and for a high surrogate `\u` and four more (RFC 8259 section 7).
    fn code_point(&mut self) -> Option<char> {
        let unit = self.unit()?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit.into());
        }
        self.expect("\\u")?;
        let pair = [unit, self.unit()?];
        char::decode_utf16(pair).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn expect(&mut self, literal: &str) -> Option<()> {
        self.eat(literal).then_some(())
    }

    fn eat(&mut self, literal: &str) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(literal);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start_matches(is_part);
        let taken = self.rest.strip_suffix(rest).unwrap_or_default();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[track_caller]
    fn reads(text: &str, expected: Value) {
        assert_eq!(object(text).map(Value::Object), Some(expected), "{text}");
    }

    #[track_caller]
    fn refuses(text: &str) {
        assert_eq!(object(text), None, "{text}");
    }

    #[test]
    fn json_is_read() {
        reads(
            " {\"a\" : [1, -2.5e3, null, true, false, \"x\\n\\u0041\\ud83d\\ude00\", {}, []]}\r\n",
            json!({"a": [1, -2500.0, null, true, false, "x\nA\u{1f600}", {}, []]}),
        );
    }

    #[test]
    fn one_comma_may_follow_the_last_member_or_item() {
        reads(r#"{"a":1,}"#, json!({"a": 1}));
        reads(r#"{"a":[1,],}"#, json!({"a": [1]}));
        for text in [
            r#"{,}"#,
            r#"{"a":1,,}"#,
            r#"{"a":[,]}"#,
            r#"{"a":[1,,]}"#,
            r#"{"a":1 "b":2}"#,
        ] {
            refuses(text);
        }
    }

    #[test]
    fn names_may_be_bare_and_quotes_single() {
        reads(r#"{a_1:'b"\''}"#, json!({"a_1": "b\"'"}));
        reads("{'a':1}", json!({"a": 1}));
        for text in [
            "{1a:1}", "{a-b:1}", "{null:1}", "{true:1}", "{:1}", "{a:b}", "{'a\":1}",
        ] {
            refuses(text);
        }
    }

    #[test]
    fn strings_may_hold_control_characters() {
        reads(
            "{\"a\":\"\n\0\u{1f}\\u0000\"}",
            json!({"a": "\n\0\u{1f}\0"}),
        );
        reads(r#"{"a":"\U0041"}"#, json!({"a": "A"}));
        reads(r#"{"a":"\ud83d \ude00"}"#, json!({"a": "\u{1f600}"}));
        for text in [
            r#"{"a":"\ud83d"}"#,
            r#"{"a":"\ude00"}"#,
            r#"{"a":"\ud83d\u0041"}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u+041"}"#,
            r#"{"a":"\u00"}"#,
            r#"{"a":"x}"#,
        ] {
            refuses(text);
        }
    }

    #[test]
    fn null_is_an_empty_object_but_no_other_root_is() {
        reads("null", json!({}));
        reads(" null ", json!({}));
        for text in [
            "",
            "[]",
            "1",
            "'x'",
            "nul",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "{}//",
        ] {
            refuses(text);
        }
    }

    #[test]
    fn duplicate_members_are_refused_at_any_level() {
        for text in ["{a:1,a:1}", "{a:1,'\\u0061':1}", "{x:[{a:1,a:2}]}"] {
            refuses(text);
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        for number in [
            "NaN",
            "Infinity",
            "-Infinity",
            "01",
            "+1",
            ".5",
            "-.5",
            "1.",
            "1.e5",
            "1e",
            "--1",
            "1e999",
            "0x1",
            "1-2",
        ] {
            refuses(&format!("{{a:{number}}}"));
        }
    }

    #[test]
    fn a_hundred_levels_are_the_limit() {
        let nested =
            |levels: usize| format!("{{a:{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(object(&nested(100)).is_some());
        refuses(&nested(101));
        refuses(&nested(100_000));
    }

    /// Any JSON value, not too large.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_reads_as_json(value in value(), pretty in any::<bool>()) {
            let value = json!({ "value": value });
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(object(&text).map(Value::Object), Some(value));
        }

        #[test]
        fn no_text_causes_a_panic(text in ".{0,80}") {
            let _ = object(&text);
            let _ = object(&format!("{{a:'{text}'}}"));
        }
    }
}
