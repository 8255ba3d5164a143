//! A `google.protobuf.Struct` as JSON. Envoy hands a plugin configuration of that type over in protobuf's wire form
//! (rule K3), whatever its documentation says.

use serde_json::to_writer;

/// How deep a configuration may be: serde_json reads no deeper.
const DEPTH: u32 = 128;

/// Up to here doubles hold every whole number (RFC 8259 section 6). Beyond it nobody can tell which one was meant.
const LARGEST: i64 = 1 << 53;

// The fields of `google/protobuf/struct.proto`, as their number and wire type.
const ITEM: u8 = 0x0a;
const KEY: u8 = 0x0a;
const MEMBER: u8 = 0x12;
const NULL: u8 = 0x08;
const NUMBER: u8 = 0x11;
const STRING: u8 = 0x1a;
const BOOL: u8 = 0x20;
const STRUCT: u8 = 0x2a;
const LIST: u8 = 0x32;

/// The JSON text of a `Struct`; none when the bytes are something else. JSON never is one: it has no byte [`MEMBER`].
/// No bytes are a `Struct` without members.
pub(super) fn as_json(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    write_collection(bytes, STRUCT, &mut json, DEPTH)?;
    Some(json)
}

// The members of a struct, or the items of a list: one repeated field either way.
fn write_collection(mut bytes: &[u8], of: u8, json: &mut Vec<u8>, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let (open, close) = match of == STRUCT {
        true => (b'{', b'}'),
        false => (b'[', b']'),
    };
    json.push(open);
    while !bytes.is_empty() {
        if json.last() != Some(&open) {
            json.push(b',');
        }
        let mut item = field(&mut bytes, ITEM)?;
        if of == STRUCT {
            write_string(field(&mut item, KEY)?, json)?;
            json.push(b':');
            item = only(item, MEMBER)?;
        }
        write_value(item, json, depth)?;
    }
    json.push(close);
    Some(())
}

// Once each, because modules are small.
#[inline(never)]
fn write_value(bytes: &[u8], json: &mut Vec<u8>, depth: u32) -> Option<()> {
    let (tag, scalar) = bytes.split_first()?;
    let word: &[u8] = match (*tag, scalar) {
        (STRING, _) => return write_string(only(bytes, STRING)?, json),
        (of @ (STRUCT | LIST), _) => return write_collection(only(bytes, of)?, of, json, depth),
        (NUMBER, _) => return write_number(f64::from_le_bytes(scalar.try_into().ok()?), json),
        (NULL, [0]) => b"null",
        (BOOL, [0]) => b"false",
        (BOOL, [1]) => b"true",
        _ => return None,
    };
    json.extend_from_slice(word);
    Some(())
}

#[inline(never)]
fn write_string(bytes: &[u8], json: &mut Vec<u8>) -> Option<()> {
    to_writer(json, std::str::from_utf8(bytes).ok()?).ok()
}

// A whole number without a point, so that it is an integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "compared with what it was"
)]
fn write_number(number: f64, json: &mut Vec<u8>) -> Option<()> {
    let whole = number as i64;
    match whole as f64 == number && whole.abs() <= LARGEST {
        true => to_writer(json, &whole).ok(),
        false => to_writer(json, &number).ok(),
    }
}

// The content of the only field.
fn only(mut bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let content = field(&mut bytes, tag);
    content.filter(|_| bytes.is_empty())
}

// The content of the next field, which must be that one: its length, then so many bytes.
#[inline(never)]
fn field<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let mut rest = bytes.strip_prefix(&[tag])?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        (rest, shift) = (after, shift + 7);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let (content, after) = rest.split_at_checked(length)?;
    *bytes = after;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(bytes: &[u8]) -> Option<String> {
        as_json(bytes).map(|json| String::from_utf8(json).unwrap())
    }

    fn number(number: f64) -> String {
        let mut json = Vec::new();
        write_number(number, &mut json).unwrap();
        String::from_utf8(json).unwrap()
    }

    // As Envoy 1.40 hands over `{"b":1,"a":{"z":null,"y":[null,1,[]],"x":{}},"c":true,"aa":"t"}`.
    const NESTED: &[u8] = b"\n\x0e\n\x01b\x12\t\x11\0\0\0\0\0\0\xf0?\n5\n\x01a\x120*.\n\x07\n\x01z\x12\x02\x08\0\
        \n\x1a\n\x01y\x12\x152\x13\n\x02\x08\0\n\t\x11\0\0\0\0\0\0\xf0?\n\x022\0\n\x07\n\x01x\x12\x02*\0\
        \n\x07\n\x01c\x12\x02 \x01\n\t\n\x02aa\x12\x03\x1a\x01t";

    #[test]
    fn a_struct_is_read_in_its_order() {
        let text = r#"{"b":1,"a":{"z":null,"y":[null,1,[]],"x":{}},"c":true,"aa":"t"}"#;
        assert_eq!(json(NESTED).as_deref(), Some(text));
        assert_eq!(json(b"").as_deref(), Some("{}"));
    }

    #[test]
    fn whole_numbers_are_integers_as_far_as_doubles_hold_them() {
        let written = [5.0, -0.0, -25.0, 1e15, 9_007_199_254_740_992.0].map(number);
        assert_eq!(
            written,
            ["5", "0", "-25", "1000000000000000", "9007199254740992"]
        );
        let written = [0.5, 1e21, -1e300, 18_446_744_073_709_551_615.0].map(number);
        assert_eq!(
            written,
            ["0.5", "1e+21", "-1e+300", "1.8446744073709552e+19"]
        );
    }

    #[test]
    fn what_is_cut_or_something_else_is_none() {
        for end in 1..NESTED.len() {
            let cut = NESTED.get(..end).unwrap();
            // Between two members it is a shorter one.
            assert!(json(cut).is_none_or(|json| json.ends_with('}')), "{end}");
        }
        let endless = [
            0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ];
        for other in [
            &b"{}"[..],
            b"\n{}",
            b"\n{\n                     \"a\": 1}",
            b"\n\0",
            &endless,
        ] {
            assert_eq!(json(other), None, "{other:?}");
        }
    }

    #[test]
    fn one_that_is_too_deep_is_none() {
        let mut bytes = vec![NULL, 0];
        for _ in 0..200 {
            let mut list = vec![ITEM];
            list.extend(length(bytes.len()));
            list.append(&mut bytes);
            bytes = vec![LIST];
            bytes.extend(length(list.len()));
            bytes.append(&mut list);
        }
        assert_eq!(write_value(&bytes, &mut Vec::new(), DEPTH), None);
        assert_eq!(write_value(&bytes, &mut Vec::new(), 1000), Some(()));
    }

    fn length(length: usize) -> Vec<u8> {
        let low = u8::try_from(length & 0x7f).unwrap();
        match length >> 7 {
            0 => vec![low],
            high => vec![low | 0x80, u8::try_from(high).unwrap()],
        }
    }
}
