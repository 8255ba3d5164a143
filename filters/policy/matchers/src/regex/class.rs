//! Character classes: `[a-z]` as RE2 reads it. `&&`, `--` and a nested `[` are literals there.

use super::escape::{Escape, escape};
use super::translate::{Input, Output};

/// The POSIX classes of RE2; both dialects give them the same members.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

enum Item {
    Byte(u8),
    Class(&'static str),
}

/// Translates a class whose `[` has been read already.
pub(super) fn class(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    output.raw("[");
    if input.take(b"^") {
        output.raw("^");
    }
    // A `]` that comes first is a literal.
    if input.starts_with(b"]") {
        member(input, output)?;
    }
    while !input.take(b"]") {
        member(input, output)?;
    }
    output.raw("]");
    Ok(())
}

fn member(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    if input.starts_with(b"[:") {
        return posix(input, output);
    }
    let start = match item(input)? {
        Item::Class(class) => {
            output.raw(class);
            return Ok(());
        }
        Item::Byte(start) => start,
    };
    output.literal(start);
    // A `-` before the closing bracket is a literal.
    if input.starts_with(b"-") && !input.starts_with(b"-]") {
        input.take(b"-");
        return range_end(start, input, output);
    }
    Ok(())
}

fn range_end(start: u8, input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    match item(input)? {
        Item::Byte(end) if start <= end => {
            output.raw("-");
            output.literal(end);
            Ok(())
        }
        Item::Byte(_) => Err("a range in a character class ends before it starts".into()),
        Item::Class(_) => Err("a range in a character class must end in a character".into()),
    }
}

fn item(input: &mut Input<'_>) -> Result<Item, String> {
    match input.bump() {
        None => Err("a character class has no closing `]`".into()),
        Some(b'\\') => match escape(input)? {
            Escape::Byte(byte) => Ok(Item::Byte(byte)),
            Escape::Class(class) => Ok(Item::Class(class)),
            Escape::Assertion(_) | Escape::Quote => {
                Err("a character class holds an escape that is no character".into())
            }
        },
        Some(byte) => Ok(Item::Byte(byte)),
    }
}

fn posix(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    input.take(b"[");
    let body = input.take_until(b']').unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let name = text
        .strip_prefix(':')
        .and_then(|name| name.strip_suffix(':'))
        .unwrap_or_default();
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(format!("`[{text}]` is not a character class"));
    }
    output.raw(&format!("[:{name}:]"));
    Ok(())
}
