//! Replaces single values of a YAML file; everything else, comments and formatting included, stays byte for byte.
//!
//! Whether that worked is not guessed: the new text must read as the old value with just this part changed.

use serde_json::{Map, Value};

use super::Source;
use super::pointer::{Kind, Tree};

/// A value that takes the place of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The keys and indices that lead there; keys match in any case.
    pub(crate) path: Vec<String>,
    pub(crate) new: NewValue,
}

/// See [`Edit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewValue {
    Null,
    Number(u16),
    Text(String),
    Texts(Vec<String>),
    Mapping(Vec<(&'static str, String)>),
}

/// A change as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) line: usize,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Where plain text ends: at the end of a line, or also at what flow collections are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Outside,
    Inside,
}

/// Plain text that no YAML reader takes for something else; a colon or a hash needs quotes.
const NOT_TEXT: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

// === impl Source ===

impl Source {
    /// The same file with one value replaced, and what that changed.
    pub(crate) fn with(&self, edit: &Edit) -> Result<(Self, Change), String> {
        let what = edit.path.join(".");
        let document = self.only_document().map_err(|error| error.to_string())?;
        let tree: Tree = document.parse().map_err(|error| error.to_string())?;
        let (location, kind) = tree
            .value(&edit.path)
            .ok_or_else(|| format!("`{what}` is not written where it could be changed"))?;
        let old = document.value().map_err(|error| error.to_string())?;
        let expected = changed(old, &edit.path, edit.new.to_json());
        let line = document.line_of(location);
        let column = usize::try_from(location.column()).unwrap_or(usize::MAX);
        let start = self.offset(line, column);
        for flow in [Flow::Outside, Flow::Inside] {
            let Some((start, end)) = start.and_then(|start| self.extent(start, kind, flow)) else {
                continue;
            };
            let Some((before, old, after)) = self.split(start, end) else {
                continue;
            };
            let new = edit.new.yaml(old);
            let source = Self::new(self.name(), format!("{before}{new}{after}"));
            if source.reads_as(expected.as_ref()) {
                let (old, new) = (old.trim().to_owned(), new.trim().to_owned());
                return Ok((source, Change { line, old, new }));
            }
        }
        Err(format!(
            "`{what}` cannot be changed alone where it is written"
        ))
    }

    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn reads_as(&self, expected: Option<&Value>) -> bool {
        let value = self.only_document().and_then(|document| document.value());
        value.is_ok_and(|value| Some(&value) == expected)
    }

    // Lines and columns count from 1, columns in characters.
    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let mut lines = self.text.split_inclusive('\n');
        let before: usize = lines
            .by_ref()
            .take(line.checked_sub(1)?)
            .map(str::len)
            .sum();
        let line = lines.next()?;
        let mut characters = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        Some(before + characters.nth(column.checked_sub(1)?)?)
    }

    // From where to where a value is written.
    fn extent(&self, start: usize, kind: Kind, flow: Flow) -> Option<(usize, usize)> {
        let start = self.block_header(start).unwrap_or(start);
        let rest = self.text.get(start..)?;
        let length = match (rest.chars().next()?, kind) {
            ('"', _) => quoted_length(rest, '"'),
            ('\'', _) => quoted_length(rest, '\''),
            ('{' | '[', _) => brackets_length(rest),
            ('&' | '*' | '!', _) => None,
            ('|' | '>', Kind::Scalar) => {
                let (before, _) = self.text.split_at_checked(start)?;
                let line = before.lines().next_back().unwrap_or_default();
                Some(block_length(rest, indentation(line) + 1))
            }
            (_, Kind::Scalar) => Some(plain_length(rest, flow)),
            (_, Kind::Collection) => return self.block_extent(start),
        };
        Some((start, start + length?))
    }

    // Of a block scalar the place of its first line is known; it begins with `|` or `>` on the line before.
    fn block_header(&self, start: usize) -> Option<usize> {
        let (before, _) = self.text.split_at_checked(start)?;
        let header = before.trim_end();
        let between = before.get(header.len()..)?;
        let word = header.rsplit([' ', '\n']).next()?;
        let is_header = between.contains('\n') && word.starts_with(['|', '>']);
        is_header.then(|| header.len() - word.len())
    }

    // A block collection, with the line end in front of it: what takes its place stands behind its key.
    fn block_extent(&self, start: usize) -> Option<(usize, usize)> {
        let (before, rest) = self.text.split_at_checked(start)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let first = rest.split_inclusive('\n').next()?.len();
        let length = first + block_length(rest.get(first..)?, line.len());
        let end = start + rest.get(..length)?.trim_end().len();
        Some((without_comments(before).len(), end))
    }

    fn split(&self, start: usize, end: usize) -> Option<(&str, &str, &str)> {
        let (before, rest) = self.text.split_at_checked(start)?;
        let (old, after) = rest.split_at_checked(end.checked_sub(start)?)?;
        Some((before, old, after))
    }
}

// Without the lines at the end that are empty or comments, which are about what follows.
fn without_comments(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some((before, line)) = text.rsplit_once('\n')
        && line.trim_start().starts_with('#')
    {
        text = before.trim_end();
    }
    text
}

fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => drop(characters.next()),
            it if it == quote
                && quote == '\''
                && characters.peek().is_some_and(|(_, next)| *next == quote) =>
            {
                characters.next();
            }
            it if it == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn brackets_length(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..) {
        let character = rest.chars().next()?;
        let step = match character {
            '"' | '\'' => quoted_length(rest, character)?,
            other => other.len_utf8(),
        };
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        at += step;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn plain_length(text: &str, flow: Flow) -> usize {
    let line = text.lines().next().unwrap_or_default();
    let comment = line.find(" #").unwrap_or(line.len());
    let end = match flow {
        Flow::Outside => None,
        Flow::Inside => line.find([',', ']', '}']),
    };
    let end = end.unwrap_or(line.len()).min(comment);
    line.get(..end).unwrap_or_default().trim_end().len()
}

// The lines that belong to a block: those that are indented at least so far, and empty ones between them. A block scalar
// begins with a line of its own.
fn block_length(text: &str, indent: usize) -> usize {
    let (mut length, mut end) = (0, 0);
    let is_header = text.starts_with(['|', '>']);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let blank = line.trim().is_empty();
        let belongs = (is_header && number == 0) || blank || indentation(line) >= indent;
        if !belongs {
            break;
        }
        length += line.len();
        if !blank {
            end = length;
        }
    }
    // The last line end stays where it is.
    let taken = text.get(..end).unwrap_or_default();
    taken.trim_end_matches(['\n', '\r']).len()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

// The same document with another value at that place.
fn changed(mut document: Value, path: &[String], new: Value) -> Option<Value> {
    let mut place = &mut document;
    for segment in path {
        place = match place {
            Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?)?,
            Value::Object(members) => {
                let mut members = members.iter_mut();
                members
                    .find(|(key, _)| key.eq_ignore_ascii_case(segment))?
                    .1
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    *place = new;
    Some(document)
}

// === impl NewValue ===

impl NewValue {
    fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Texts(texts) => Value::from(texts.as_slice()),
            Self::Mapping(members) => {
                let members = members.iter();
                let members =
                    members.map(|(key, value)| ((*key).to_owned(), value.as_str().into()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    // In the style of what it replaces, as far as that can say it.
    fn yaml(&self, old: &str) -> String {
        let space = if old.starts_with(['\n', '\r']) {
            " "
        } else {
            ""
        };
        let text = match self {
            Self::Null => "null".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text_like(text, old.trim_start()),
            Self::Texts(texts) => Value::from(texts.as_slice()).to_string(),
            Self::Mapping(members) => {
                let members = members.iter();
                let members = members.map(|(key, value)| format!("{key}: {}", quoted(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        };
        format!("{space}{text}")
    }
}

fn text_like(text: &str, old: &str) -> String {
    let is_quoted = old.starts_with(['"', '\'']);
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./= ".contains(it);
    let may_be_plain = text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str());
    match is_quoted || !may_be_plain {
        true => quoted(text),
        false => text.to_owned(),
    }
}

// JSON, which YAML 1.2 reads as it is.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# first\na:\n- b: &x plain # stays\n  c: {d: 'it''s', e: [1, two]}\n  block: |\n    one\n    two\n\n  map:\n    # inside\n    f: 1\n    g: {}\n  next: *x\n  last: \"q\\\"\"\n";

    fn with(path: &str, new: NewValue) -> Result<String, String> {
        let path = path.split('/').map(ToOwned::to_owned).collect();
        let source = Source::new("f", FILE);
        let edited = source.with(&Edit { path, new });
        edited.map(|(source, _)| source.text().to_owned())
    }

    fn text(text: &str) -> NewValue {
        NewValue::Text(text.to_owned())
    }

    #[test]
    fn only_the_value_changes() {
        for (path, new, from, to) in [
            ("a/0/c/d", text("now"), "'it''s'", "\"now\""),
            ("a/0/C/D", text("{{x}}: #"), "'it''s'", "\"{{x}}: #\""),
            ("a/0/c/e/1", text("three"), ", two]", ", three]"),
            ("a/0/c/e/1", text("3"), ", two]", ", \"3\"]"),
            (
                "a/0/c/e",
                NewValue::Texts(vec!["a, b".to_owned()]),
                "[1, two]",
                "[\"a, b\"]",
            ),
            ("a/0/last", NewValue::Null, "\"q\\\"\"", "null"),
            ("a/0/last", NewValue::Number(200), "\"q\\\"\"", "200"),
            (
                "a/0/block",
                text("one line"),
                "|\n    one\n    two",
                "one line",
            ),
            (
                "a/0/map",
                text("gone"),
                "\n    # inside\n    f: 1\n    g: {}",
                " gone",
            ),
            (
                "a/0/map/g",
                NewValue::Mapping(vec![("h", "i".to_owned())]),
                "g: {}",
                "g: {h: \"i\"}",
            ),
        ] {
            assert_eq!(with(path, new).unwrap(), FILE.replace(from, to), "{path}");
        }
    }

    #[test]
    fn what_stands_for_several_places_is_left() {
        let why = with("a/0/b", text("other")).unwrap_err();
        assert!(why.contains("cannot be changed alone"), "{why}");
        assert!(with("a/0/next", text("other")).is_err());
        let why = with("a/1/b", text("other")).unwrap_err();
        assert!(why.contains("not written where"), "{why}");
    }
}
