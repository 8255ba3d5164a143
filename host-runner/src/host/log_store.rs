//! What plugins logged: kept for whoever asks, and printed as it comes when a person is watching.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::subject::LogLine;

/// Lines kept per plugin; a plugin that logs more loses its oldest ones.
const KEPT_LINES: usize = 10_000;

/// Log lines by plugin name.
#[derive(Debug, Default)]
pub(crate) struct LogStore {
    lines: Mutex<HashMap<String, Vec<LogLine>>>,
    echo: bool,
}

impl LogStore {
    /// A store that also prints lines of level info and above to standard error.
    pub(crate) fn echoing() -> Self {
        Self {
            echo: true,
            ..Self::default()
        }
    }

    pub(crate) fn add(&self, plugin: &str, level: &str, message: String) {
        if self.echo && !matches!(level, "trace" | "debug") {
            eprintln!("{level:>5} {plugin}: {message}");
        }
        let Ok(mut lines) = self.lines.lock() else {
            return;
        };
        let lines = lines.entry(plugin.to_owned()).or_default();
        if lines.len() >= KEPT_LINES {
            lines.drain(..KEPT_LINES / 2);
        }
        lines.push(LogLine {
            level: level.to_owned(),
            message,
        });
    }

    pub(crate) fn of(&self, plugin: &str) -> Vec<LogLine> {
        let lines = self.lines.lock().ok();
        lines
            .and_then(|lines| lines.get(plugin).cloned())
            .unwrap_or_default()
    }
}
