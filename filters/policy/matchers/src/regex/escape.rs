//! What a backslash means in RE2. Escapes that RE2 lacks, or that need Unicode tables, are refused.

use super::translate::Input;

/// What an escape stands for.
pub(super) enum Escape {
    Byte(u8),
    /// The inside of a character class.
    Class(&'static str),
    Assertion(&'static str),
    /// `\Q`: what follows is literal up to `\E`.
    Quote,
}

/// Reads an escape whose backslash has been read already.
pub(super) fn escape(input: &mut Input<'_>) -> Result<Escape, String> {
    let byte = input.bump().ok_or("it ends in a backslash")?;
    if let Some(class) = perl_class(byte) {
        return Ok(Escape::Class(class));
    }
    Ok(match byte {
        b'A' => Escape::Assertion(r"\A"),
        b'z' => Escape::Assertion(r"\z"),
        // In a group of its own, because `\b{start}` is a word start in the other dialect and a literal brace in RE2.
        b'b' => Escape::Assertion(r"(?:\b)"),
        b'B' => Escape::Assertion(r"(?:\B)"),
        b'Q' => Escape::Quote,
        b'x' => Escape::Byte(hex(input)?),
        b'a' => Escape::Byte(0x07),
        b'f' => Escape::Byte(0x0c),
        b'n' => Escape::Byte(b'\n'),
        b'r' => Escape::Byte(b'\r'),
        b't' => Escape::Byte(b'\t'),
        b'v' => Escape::Byte(0x0b),
        punctuation if punctuation.is_ascii() && !punctuation.is_ascii_alphanumeric() => {
            Escape::Byte(punctuation)
        }
        other => {
            return Err(format!(
                r"the escape `\{}` is not supported",
                other.escape_ascii()
            ));
        }
    })
}

// RE2's `\s` has no vertical tab, the other dialect's has; `\C` is any byte.
fn perl_class(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'd' => "0-9",
        b'D' => r"\x{00}-\x{2F}\x{3A}-\x{FF}",
        b's' => r"\x{09}\x{0A}\x{0C}\x{0D}\x{20}",
        b'S' => r"\x{00}-\x{08}\x{0B}\x{0E}-\x{1F}\x{21}-\x{FF}",
        b'w' => "0-9A-Za-z_",
        b'W' => r"\x{00}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{5E}\x{60}\x{7B}-\x{FF}",
        b'C' => r"\x{00}-\x{FF}",
        _ => return None,
    })
}

// `\x` and exactly two digits, or any number of them in braces.
fn hex(input: &mut Input<'_>) -> Result<u8, String> {
    let digits = if input.take(b"{") {
        input.take_until(b'}').ok_or(r"`\x{` has no closing `}`")?
    } else {
        input.take_exactly(2).ok_or(r"`\x` needs two digits")?
    };
    let text = std::str::from_utf8(digits).unwrap_or_default();
    // `from_str_radix` would take a sign.
    match u8::from_str_radix(text, 16) {
        Ok(byte) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(byte),
        _ => Err(format!(
            "`{}` is not the hexadecimal number of a byte",
            digits.escape_ascii()
        )),
    }
}
