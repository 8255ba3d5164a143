//! From the words of a command to numbers, bytes and pairs.
//! `-` is empty, `%XX` a byte, `*N` that many bytes, `$name` a value of an earlier call.

use meshwright_core::headers::to_pairs;

use crate::script::Command;
use crate::vm;

// === impl Command ===

impl Command {
    /// The word at this place, empty where there is none.
    pub(crate) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    pub(crate) fn bytes(&self, at: usize) -> Vec<u8> {
        bytes(self.word(at))
    }

    pub(crate) fn number(&self, at: usize) -> Option<i64> {
        number(self.word(at))
    }

    /// A number that counts something; what is none means as much as there can be.
    pub(crate) fn count(&self, at: usize) -> u32 {
        self.number(at).map_or(u32::MAX, word)
    }

    /// The words from this place on as pairs, one `name=value` each.
    pub(crate) fn pairs_from(&self, at: usize) -> Vec<u8> {
        let words = self.words.get(at..).unwrap_or_default();
        encoded(words.iter().map(String::as_str))
    }
}

/// Decimal, `0x` and hexadecimal digits, or `$name`.
pub(crate) fn number(text: &str) -> Option<i64> {
    if let Some(name) = text.strip_prefix('$') {
        return Some(vm::variable(name).0.into());
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
    }
    let unsigned = text.parse::<u64>().map(u64::cast_signed);
    unsigned.or_else(|_| text.parse()).ok()
}

/// The low half, which is what an i32 of the ABI carries.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(crate) const fn word(number: i64) -> u32 {
    number as u32
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    if let Some(name) = text.strip_prefix('$') {
        return vm::variable(name).1;
    }
    expanded(text)
}

/// `name=value,..` in the encoding of the ABI, `!bytes` as they are, `-` for no bytes at all.
pub(crate) fn pairs(text: &str) -> Vec<u8> {
    match text.strip_prefix('!') {
        Some(raw) => decoded(raw),
        None if text.is_empty() || text == "-" || text.starts_with('$') => bytes(text),
        None => encoded(text.split(',')),
    }
}

/// `&pointer,size`: memory of this module that nobody may have allocated.
pub(crate) fn region(text: &str) -> Option<(i64, i64)> {
    let text = text.strip_prefix('&')?;
    let (pointer, size) = text.split_once(',').unwrap_or((text, "0"));
    Some((number(pointer)?, number(size)?))
}

/// `/` separates the segments of a property's path, NUL does in the ABI.
pub(crate) fn path(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    let segments: Vec<_> = text.split('/').map(decoded).collect();
    segments.join(&0)
}

fn encoded<'a>(pairs: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let pairs = pairs.map(|pair| match pair {
        "-" => ("", ""),
        pair => pair.split_once('=').unwrap_or((pair, "")),
    });
    let pairs: Vec<_> = pairs
        .map(|(name, value)| (expanded(name), expanded(value)))
        .collect();
    let pairs = pairs.iter();
    to_pairs(pairs.map(|(name, value)| (name.as_slice(), value.as_slice())))
}

fn expanded(text: &str) -> Vec<u8> {
    match text.strip_prefix('*').and_then(|size| size.parse().ok()) {
        Some(size) => vec![b'x'; size],
        None => decoded(text),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, after) = match escaped.filter(|_| byte == b'%') {
            Some(escaped) => (escaped, tail.get(2..).unwrap_or_default()),
            None => (byte, tail),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}
