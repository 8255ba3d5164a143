//! Walks an RE2 pattern once and writes the `regex-lite` pattern that means the same.
//! Every literal is written as an escape, so nothing in it can be read as syntax of the other dialect.

use std::fmt::Write as _;

use super::class::class;
use super::escape::{Escape, escape};

/// RE2's limit on `{n,m}`; see `kMaxRepeat` in its parser.
const MAX_REPEAT: u32 = 1000;

/// The unread part of a pattern.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

/// The pattern written so far, and what has been seen on the way.
#[derive(Default)]
pub(super) struct Output {
    text: String,
    depth: usize,
    last: Last,
    folds_case: bool,
    has_high_bytes: bool,
}

/// What a repetition operator would apply to.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Item,
    Repetition,
}

/// The `regex-lite` form of `pattern`, or why there is none.
pub(super) fn translate(pattern: &[u8]) -> Result<String, String> {
    let mut input = Input { rest: pattern };
    let mut output = Output::default();
    while let Some(byte) = input.bump() {
        step(byte, &mut input, &mut output)?;
    }
    output.finish()
}

fn step(byte: u8, input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    match byte {
        b'\\' => escaped(input, output)?,
        b'[' => {
            class(input, output)?;
            output.last = Last::Item;
        }
        b'(' => open(input, output)?,
        b')' => output.close()?,
        b'|' => output.operator("|", Last::Nothing),
        b'.' => output.operator(".", Last::Item),
        b'^' => output.operator("^", Last::Item),
        b'$' => output.operator("$", Last::Item),
        b'*' | b'+' | b'?' => repeat(&char::from(byte).to_string(), input, output)?,
        b'{' if input.peek().is_some_and(|b| b.is_ascii_digit()) => counted(input, output)?,
        literal => output.item(literal),
    }
    Ok(())
}

fn escaped(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    match escape(input)? {
        Escape::Byte(byte) => output.item(byte),
        Escape::Class(class) => output.operator(&format!("[{class}]"), Last::Item),
        Escape::Assertion(assertion) => output.operator(assertion, Last::Item),
        Escape::Quote => quoted(input, output),
    }
    Ok(())
}

// `\Q...\E`; without `\E` it goes on to the end.
fn quoted(input: &mut Input<'_>, output: &mut Output) {
    while !input.take(b"\\E") {
        match input.bump() {
            Some(byte) => output.item(byte),
            None => return,
        }
    }
}

fn open(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    if !input.take(b"?") {
        output.open("(?:");
        return Ok(());
    }
    if input.take(b"P<") || input.take(b"<") {
        return name(input, output);
    }
    flags(input, output)
}

// Nothing asks for a submatch, so that a named group is an ordinary one once its name is known to be a name.
fn name(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    let name = input
        .take_until(b'>')
        .ok_or("a group name has no closing `>`")?;
    if name.is_empty() || !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return Err(format!("`{}` is not a group name", name.escape_ascii()));
    }
    output.open("(?:");
    Ok(())
}

fn flags(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    let mut flags = String::new();
    loop {
        match input.bump() {
            Some(flag @ (b'i' | b'm' | b's' | b'U' | b'-')) => flags.push(char::from(flag)),
            Some(b':') => {
                output.note_flags(&flags);
                output.open(&format!("(?{flags}:"));
                return Ok(());
            }
            Some(b')') => {
                output.note_flags(&flags);
                output.operator(&format!("(?{flags})"), Last::Nothing);
                return Ok(());
            }
            Some(other) => {
                return Err(format!(
                    "`(?{flags}{}` is not an RE2 group",
                    other.escape_ascii()
                ));
            }
            None => return Err("a group has no closing `)`".into()),
        }
    }
}

fn counted(input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    let body = input
        .take_until(b'}')
        .ok_or("a repetition has no closing `}`")?;
    let body = std::str::from_utf8(body).map_err(|_| "a repetition is not a number")?;
    let (min, max) = match body.split_once(',') {
        None => (count(body)?, None),
        Some((min, "")) => (count(min)?, None),
        Some((min, max)) => (count(min)?, Some(count(max)?)),
    };
    if max.is_some_and(|max| max < min) {
        return Err(format!("`{{{body}}}` ends before it starts"));
    }
    repeat(&format!("{{{body}}}"), input, output)
}

fn count(digits: &str) -> Result<u32, String> {
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    match digits.parse() {
        Ok(count) if plain && count <= MAX_REPEAT => Ok(count),
        _ => Err(format!(
            "`{digits}` is not a repetition count between 0 and {MAX_REPEAT}"
        )),
    }
}

// RE2 refuses `a**`; the other dialect reads it as `(a*)*`.
fn repeat(operator: &str, input: &mut Input<'_>, output: &mut Output) -> Result<(), String> {
    match output.last {
        Last::Item => {}
        Last::Nothing => return Err(format!("there is nothing before `{operator}` to repeat")),
        Last::Repetition => return Err(format!("`{operator}` repeats a repetition")),
    }
    output.operator(operator, Last::Repetition);
    if input.take(b"?") {
        output.operator("?", Last::Repetition);
    }
    Ok(())
}

// === impl Input ===

impl<'a> Input<'a> {
    pub(super) fn bump(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Skips `token` when it comes next.
    pub(super) fn take(&mut self, token: &[u8]) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Whether `token` comes next.
    pub(super) fn starts_with(&self, token: &[u8]) -> bool {
        self.rest.starts_with(token)
    }

    /// The next `count` bytes; `None` (and nothing read) when there are fewer.
    pub(super) fn take_exactly(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Everything up to `end`, which is skipped; `None` (and nothing read) without an `end`.
    pub(super) fn take_until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.rest.iter().position(|b| *b == end)?;
        let taken = self.rest.get(..at)?;
        self.rest = self.rest.get(at + 1..)?;
        Some(taken)
    }
}

// === impl Output ===

impl Output {
    /// Writes text that is already in the other dialect.
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes one byte so that it can only be read as itself.
    pub(super) fn literal(&mut self, byte: u8) {
        self.has_high_bytes |= !byte.is_ascii();
        if byte.is_ascii_alphanumeric() {
            self.text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(self.text, r"\x{{{byte:02X}}}");
        }
    }

    fn item(&mut self, byte: u8) {
        self.literal(byte);
        self.last = Last::Item;
    }

    fn operator(&mut self, text: &str, last: Last) {
        self.text.push_str(text);
        self.last = last;
    }

    fn open(&mut self, text: &str) {
        self.depth += 1;
        self.operator(text, Last::Nothing);
    }

    fn close(&mut self) -> Result<(), String> {
        self.depth = self.depth.checked_sub(1).ok_or("a `)` closes no group")?;
        self.operator(")", Last::Item);
        Ok(())
    }

    fn note_flags(&mut self, flags: &str) {
        let (on, _) = flags.split_once('-').unwrap_or((flags, ""));
        self.folds_case |= on.contains('i');
    }

    // RE2 folds the upper half of Latin-1 (é, É), the other dialect only ASCII.
    fn finish(self) -> Result<String, String> {
        if self.depth > 0 {
            return Err("a group has no closing `)`".into());
        }
        if self.folds_case && self.has_high_bytes {
            return Err("`(?i)` together with bytes beyond ASCII is not supported".into());
        }
        Ok(self.text)
    }
}
