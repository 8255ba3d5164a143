//! Reads YAML files, possibly of several documents, into serde types.
//! Every error names the file, the line and the column, shows the line with a caret, and says what was expected.

pub(crate) mod edit;
mod error;
mod pointer;

use std::path::Path;

use meshwright_core::ConfigError;
use serde::de::DeserializeOwned;
pub use serde_saphyr::Location;

pub use self::error::YamlError;

/// The text of a YAML file and the name it is known by in errors.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
}

/// One document of a [`Source`].
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    source: &'a Source,
    text: &'a str,
    lines_before: usize,
}

// === impl Source ===

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, YamlError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => Err(YamlError::of_file(name, format!("cannot read it: {error}"))),
        }
    }

    /// A source that is already in memory.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Its name in errors: the path it was read from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error at that line and column, both from 1.
    #[must_use]
    pub fn error(&self, line: usize, column: usize, message: impl Into<String>) -> YamlError {
        YamlError::at(self, line, column, message)
    }

    /// The documents that hold anything, in order. A line that starts with `---` or `...` always ends a document:
    /// YAML 1.2.2 (`c-forbidden`) allows it nowhere inside one.
    #[must_use]
    pub fn documents(&self) -> Vec<Document<'_>> {
        let mut documents = Vec::new();
        let (mut start, mut end, mut start_line) = (0, 0, 0);
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            if is_marker(line) {
                documents.push(self.document(start, end, start_line));
                (start, start_line) = (end, number);
            }
            end += line.len();
        }
        documents.push(self.document(start, end, start_line));
        documents.retain(Document::holds_anything);
        documents
    }

    /// The only document, as `T`.
    ///
    /// # Errors
    /// When there is none, or another one, or it is no `T`.
    pub fn parse_only<T: DeserializeOwned>(&self) -> Result<T, YamlError> {
        self.only_document()?.parse()
    }

    /// The only document.
    ///
    /// # Errors
    /// When there is none, or another one.
    pub fn only_document(&self) -> Result<Document<'_>, YamlError> {
        match self.documents().as_slice() {
            [only] => Ok(*only),
            [] => Err(YamlError::of_file(&self.name, "it holds no document")),
            [_, second, ..] => Err(YamlError::at(
                self,
                second.line(),
                1,
                "expected one document, found a second one here",
            )),
        }
    }

    fn document(&self, start: usize, end: usize, lines_before: usize) -> Document<'_> {
        Document {
            source: self,
            text: self.text.get(start..end).unwrap_or_default(),
            lines_before,
        }
    }
}

// === impl Document ===

impl<'a> Document<'a> {
    /// The line of the file on which its content starts, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        let content = self
            .text
            .lines()
            .position(holds_content)
            .unwrap_or_default();
        self.lines_before + content + 1
    }

    /// The document as `T`. A field that `T` does not know is an error when `T` says `deny_unknown_fields`.
    ///
    /// # Errors
    /// When it is no YAML or no `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, YamlError> {
        serde_saphyr::from_str_with_options(self.text, options())
            .map_err(|error| self.syntax_error(&error))
    }

    /// The document as JSON.
    ///
    /// # Errors
    /// When it is no YAML, or holds what JSON cannot.
    pub fn value(&self) -> Result<serde_json::Value, YamlError> {
        self.parse()
    }

    /// An error about the value at `location`, which a [`serde_saphyr::Spanned`] of this document holds.
    #[must_use]
    pub fn error(&self, location: Location, message: impl Into<String>) -> YamlError {
        let line = self.line_of(location);
        let column = usize::try_from(location.column()).unwrap_or(usize::MAX);
        YamlError::at(self.source, line, column, message)
    }

    /// The line of the file that a location within this document means.
    #[must_use]
    pub fn line_of(&self, location: Location) -> usize {
        self.lines_before + usize::try_from(location.line()).unwrap_or(usize::MAX)
    }

    /// An error about the document as a whole.
    #[must_use]
    pub fn error_at_start(&self, message: impl Into<String>) -> YamlError {
        YamlError::at(self.source, self.line(), 1, message)
    }

    /// The place and message of a configuration error about [`Document::value`]: its JSON pointer becomes a line
    /// and a column.
    #[must_use]
    pub fn config_error(&self, error: &ConfigError) -> YamlError {
        let location = self
            .parse::<pointer::Tree>()
            .ok()
            .map(|tree| tree.locate(&error.pointer));
        match location {
            Some(location) => self.error(location, error.to_string()),
            None => self.error_at_start(error.to_string()),
        }
    }

    /// The file it is part of.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        self.source
    }

    fn holds_anything(&self) -> bool {
        self.text.lines().any(holds_content)
    }

    fn syntax_error(&self, error: &serde_saphyr::Error) -> YamlError {
        let message = error::message(error);
        match error.location() {
            Some(location) => self.error(location, message),
            None => self.error_at_start(message),
        }
    }
}

// Plain scalars keep their spelling wherever a string is possible: `yes` is text, and so is `007`.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

fn is_marker(line: &str) -> bool {
    let rest = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn holds_content(line: &str) -> bool {
    let line = if is_marker(line) {
        line.get(3..).unwrap_or_default()
    } else {
        line
    };
    let line = line.trim();
    !line.is_empty() && !line.starts_with(['#', '%'])
}

#[cfg(test)]
mod tests;
