//! An error in a YAML file, as people want to read it: place, sentence, and the line with a caret.

use std::fmt;

use serde_saphyr::{MessageFormatter as _, UserMessageFormatter};

use super::Source;

/// What is wrong with a YAML file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// The file.
    pub file: String,
    /// Line and column from 1; `None` when the whole file is meant.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what was expected: lower case, no full stop.
    pub message: String,
    line_text: String,
}

// A longer line (a token, a key) is cut around the caret so that the caret stays visible on a terminal.
const SHOWN_COLUMNS: usize = 100;

// === impl YamlError ===

impl YamlError {
    pub(crate) fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: None,
            message: message.into(),
            line_text: String::new(),
        }
    }

    pub(super) fn at(
        source: &Source,
        line: usize,
        column: usize,
        message: impl Into<String>,
    ) -> Self {
        let line_text = source
            .text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default();
        Self {
            file: source.name.clone(),
            place: Some((line, column)),
            message: message.into(),
            line_text: line_text.to_owned(),
        }
    }

    // The line number, the line, and a caret below the column.
    fn excerpt(&self, line: usize, column: usize) -> String {
        let column = column.max(1);
        let from = if column > SHOWN_COLUMNS {
            column - SHOWN_COLUMNS / 2
        } else {
            0
        };
        let shown = self
            .line_text
            .chars()
            .skip(from)
            .take(SHOWN_COLUMNS)
            .collect::<String>();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(column - 1 - from);
        format!("{margin} |\n{number} | {shown}\n{margin} | {indent}^")
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => write!(f, "{}: {}", self.file, self.message),
            Some((line, column)) => {
                let excerpt = self.excerpt(line, column);
                write!(
                    f,
                    "{}:{line}:{column}: {}\n{excerpt}",
                    self.file, self.message
                )
            }
        }
    }
}

impl std::error::Error for YamlError {}

/// The parser's error as a sentence, without its place.
pub(super) fn message(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::AliasError { error, .. } => message(error),
        serde_saphyr::Error::InvalidScalar { ty, .. } => format!("expected {}", in_words(ty)),
        other => UserMessageFormatter.format_message(other).into_owned(),
    }
}

fn in_words(rust_type: &str) -> String {
    let number = |bits: &str| match bits.parse::<u32>() {
        Ok(bits) => format!("a whole number below 2^{bits}"),
        Err(_) => "a whole number".to_owned(),
    };
    match rust_type.split_at_checked(1) {
        Some(("u", bits)) => number(bits),
        Some(("i", "8" | "16" | "32" | "64" | "128" | "size")) => "a whole number".to_owned(),
        Some(("f", "32" | "64")) => "a number".to_owned(),
        _ if rust_type == "bool" => "`true` or `false`".to_owned(),
        _ => format!("a {rust_type}"),
    }
}
