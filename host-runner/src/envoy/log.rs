//! What Envoy writes to its log, read back exactly: the plugins' lines by plugin, and the errors when it cannot start.
//! The log format is ours, one record a line with the message as a JSON string, so that no message can forge another.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::subject::LogLine;

/// For `--log-format`: level, logger and message, the message escaped as in JSON (`%j`).
pub(super) const FORMAT: &str = "%l %n %j";

/// The log file of one Envoy, read as far as it is written.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    /// How many bytes of the file have been taken in; always just after a line break.
    offset: u64,
    plugins: HashMap<String, Vec<LogLine>>,
}

/// One line of the log.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    level: String,
    logger: String,
    message: String,
}

// === impl LogFile ===

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            contents: Mutex::default(),
        }
    }

    /// Every line the plugin has logged so far.
    pub(super) fn of_plugin(&self, plugin: &str) -> Vec<LogLine> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = read_complete_lines(&self.path, contents.offset).unwrap_or_default();
        contents.take_in(&fresh);
        contents.plugins.get(plugin).cloned().unwrap_or_default()
    }

    /// The lines that say why Envoy ended: its errors, plugins' errors included; without any, the last lines as they are.
    pub(super) fn errors(&self) -> Vec<String> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut errors = text
            .lines()
            .filter_map(Record::parse)
            .filter(Record::is_error)
            .map(|it| it.for_people());
        match errors.next() {
            Some(first) => without_repeats([first].into_iter().chain(errors)),
            None => last_lines(&text, 8),
        }
    }
}

fn read_complete_lines(path: &PathBuf, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let complete = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    bytes.truncate(complete);
    Ok(bytes)
}

/// Envoy says some things twice, at different loggers.
fn without_repeats(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines.fold(Vec::new(), |mut kept, line| {
        if !kept.contains(&line) {
            kept.push(line);
        }
        kept
    })
}

fn last_lines(text: &str, count: usize) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().rev().take(count).map(str::to_owned).collect();
    lines.reverse();
    lines
}

// === impl Contents ===

impl Contents {
    fn take_in(&mut self, complete_lines: &[u8]) {
        self.offset += complete_lines.len() as u64;
        let text = String::from_utf8_lossy(complete_lines);
        for (plugin, line) in text
            .lines()
            .filter_map(Record::parse)
            .filter_map(Record::into_plugin_line)
        {
            self.plugins.entry(plugin).or_default().push(line);
        }
    }
}

// === impl Record ===

impl Record {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, ' ');
        let (level, logger, message) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Self {
            level: level.to_owned(),
            logger: logger.to_owned(),
            message: serde_json::from_str(&format!("\"{message}\""))
                .unwrap_or_else(|_| message.to_owned()),
        })
    }

    fn is_error(&self) -> bool {
        matches!(self.level.as_str(), "error" | "critical")
    }

    /// The plugin's name and its message in `wasm log <plugin> [<root id>] <vm id>: <message>`.
    fn plugin_message(&self) -> Option<(&str, &str)> {
        let line = self
            .message
            .strip_prefix("wasm log ")
            .filter(|_| self.logger == "wasm")?;
        let (origin, message) = line.split_once(": ")?;
        Some((origin.split(' ').next()?, message))
    }

    fn into_plugin_line(self) -> Option<(String, LogLine)> {
        let (plugin, message) = self.plugin_message()?;
        let level = match self.level.as_str() {
            "warning" => "warn",
            level => level,
        };
        let line = LogLine {
            level: level.to_owned(),
            message: message.to_owned(),
        };
        Some((plugin.to_owned(), line))
    }

    fn for_people(&self) -> String {
        match self.plugin_message() {
            Some((plugin, message)) => format!("plugin `{plugin}`: {message}"),
            None => self.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(plugin: &str, log: &str) -> Vec<(String, String)> {
        let mut read = Contents::default();
        read.take_in(log.as_bytes());
        let lines = read.plugins.remove(plugin).unwrap_or_default();
        lines
            .into_iter()
            .map(|line| (line.level, line.message))
            .collect()
    }

    fn line(level: &str, message: &str) -> (String, String) {
        (level.to_owned(), message.to_owned())
    }

    #[test]
    fn root_and_stream_lines_belong_to_the_same_plugin() {
        let log =
            "info wasm wasm log p1 abc: configured\nwarning wasm wasm log p1 p1 abc: path: /a\n";
        assert_eq!(
            lines_of("p1", log),
            [line("info", "configured"), line("warn", "path: /a")]
        );
    }

    #[test]
    fn lines_of_others_are_not_mixed_in() {
        let log = "info wasm wasm log p2 p2 abc: hello\ninfo main wasm log p1 p1 abc: not from a filter\n";
        assert!(lines_of("p1", log).is_empty());
    }

    #[test]
    fn a_message_of_several_lines_is_one_message() {
        let log = r#"debug wasm wasm log p1 p1 abc: two\nlines \"quoted\" \u0007\ninfo wasm wasm log p2 p2 abc: forged"#;
        let message = "two\nlines \"quoted\" \u{7}\ninfo wasm wasm log p2 p2 abc: forged";
        assert_eq!(
            lines_of("p1", &format!("{log}\n")),
            [line("debug", message)]
        );
    }

    #[test]
    fn an_empty_message_is_a_message() {
        assert_eq!(
            lines_of("p1", "error wasm wasm log p1 p1 abc: \n"),
            [line("error", "")]
        );
    }

    #[test]
    fn an_unfinished_line_waits_for_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = LogFile::new(file.path().to_owned());
        std::fs::write(
            file.path(),
            "info wasm wasm log p p id: one\ninfo wasm wasm log p p id: tw",
        )
        .unwrap();
        assert_eq!(log.of_plugin("p").len(), 1);
        std::fs::write(
            file.path(),
            "info wasm wasm log p p id: one\ninfo wasm wasm log p p id: two\n",
        )
        .unwrap();
        assert_eq!(log.of_plugin("p").last().unwrap().message, "two");
    }

    #[test]
    fn errors_name_the_plugin_and_skip_the_rest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "info main starting\nerror wasm wasm log p2 abc: at /rules/0: bad\ncritical main no start\nno start\n";
        std::fs::write(file.path(), text).unwrap();
        let errors = LogFile::new(file.path().to_owned()).errors();
        assert_eq!(errors, ["plugin `p2`: at /rules/0: bad", "no start"]);
    }
}
