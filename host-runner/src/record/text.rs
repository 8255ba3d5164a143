//! Bytes as a scenario file writes them: text with placeholders, in a YAML scalar that any reader takes alike.

use std::fmt::Write as _;

/// The text whose placeholders render to these bytes: what is no text, or would be taken for a placeholder, is
/// `{{hex:..}}`.
pub(crate) fn template(bytes: &[u8]) -> String {
    let mut escaped = to_escape(bytes);
    // `{` and a placeholder behind it would be read as `{{` and another one.
    for at in (1..bytes.len()).rev() {
        if bytes.get(at - 1) == Some(&b'{') && escaped.get(at) == Some(&true) {
            escaped
                .iter_mut()
                .skip(at - 1)
                .take(1)
                .for_each(|it| *it = true);
        }
    }
    let pairs: Vec<_> = bytes.iter().copied().zip(escaped).collect();
    let runs = pairs.chunk_by(|(_, one), (_, other)| one == other);
    runs.map(|run| match run {
        [(_, true), ..] => hex(run),
        _ => {
            let literal: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
            String::from_utf8_lossy(&literal).into_owned()
        }
    })
    .collect()
}

/// A YAML scalar with that text: a block of lines where it has several, otherwise in double quotes. A block is indented
/// by as many spaces.
pub(super) fn scalar(text: &str, indent: usize) -> String {
    match block_style(text) {
        Some(style) => {
            let lines = text.lines().map(|line| match line.is_empty() {
                true => "\n".to_owned(),
                false => format!("\n{:indent$}{line}", ""),
            });
            format!("{style}{}", lines.collect::<String>())
        }
        None => quoted(text),
    }
}

/// In double quotes: JSON, which YAML 1.2 reads as it is.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

// `|` keeps one line end at the end, `|-` none. A first line that is indented would need more to be said, and a line of
// spaces at the end would be lost.
fn block_style(text: &str) -> Option<&'static str> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let has_lines = text.contains('\n');
    let is_plain = !text.contains('\r')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with([' ', '\t', '\n'])
        && !body.is_empty();
    match (has_lines && is_plain, text.ends_with('\n')) {
        (false, _) => None,
        (true, true) => Some("|"),
        (true, false) => Some("|-"),
    }
}

// Which bytes cannot stand for themselves.
fn to_escape(bytes: &[u8]) -> Vec<bool> {
    let mut escaped = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(character) = characters.next() {
            if character == '{' && characters.peek() == Some(&'{') {
                characters.next();
                escaped.extend([true, true]);
            } else {
                let count = character.len_utf8();
                escaped.extend(std::iter::repeat_n(!is_printable(character), count));
            }
        }
        escaped.extend(chunk.invalid().iter().map(|_| true));
    }
    escaped
}

// What YAML 1.2.2 takes in any scalar (`c-printable`), without what looks like a line end or a space and is none.
fn is_printable(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        other => !other.is_control(),
    }
}

fn hex(run: &[(u8, bool)]) -> String {
    let mut text = "{{hex:".to_owned();
    for (byte, _) in run {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("}}");
    text
}
