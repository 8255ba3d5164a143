//! What was seen of a script's run, as lines, without what differs between any two runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use regex_lite::{Captures, Regex};
use similar::{ChangeTag, TextDiff};

use super::script::Script;

/// The lines of one run: plugins' logs first, then each peer's view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript(pub Vec<String>);

/// Lines that several tasks write.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

/// Headers that each proxy sets to something of its own.
const OWN_HEADERS: [&str; 3] = [
    "date: ",
    "x-request-id: ",
    "x-envoy-upstream-service-time: ",
];

// === impl Notes ===

impl Notes {
    /// Adds a line.
    pub fn add(&self, line: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.into());
    }

    /// Takes all lines out.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds an HTTP/1 message: its first line, its headers sorted by name, its body. Not its trailers: hyper sends only
    /// those that the head has announced, so that host-runner shows them to filters and to HTTP/2 peers only.
    pub fn add_message(&self, who: &str, message: &Message) {
        self.add(format!("{who} {}", message.first_line));
        let mut headers = message.headers.clone();
        headers.sort_by(|left, right| name(left).cmp(name(right)));
        for header in headers {
            let own = OWN_HEADERS.iter().find(|own| header.starts_with(**own));
            self.add(format!(
                "{who} {}",
                own.map_or(header.as_str(), |own| own.trim_end())
            ));
        }
        if !message.body.is_empty() || message.chunked {
            self.add(format!("{who} body {}", shorten(&message.body)));
        }
        if !message.complete {
            self.add(format!("{who} (cut off)"));
        }
    }
}

/// An HTTP/1 message as it was read.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Request line or status line.
    pub first_line: String,
    /// `name: value`.
    pub headers: Vec<String>,
    /// Without its framing.
    pub body: Vec<u8>,
    /// Whether it came in chunks.
    pub chunked: bool,
    /// Whether its end was reached.
    pub complete: bool,
}

fn name(header: &str) -> &str {
    header.split(':').next().unwrap_or_default()
}

/// Bytes as text, long ones by their beginning and their length.
#[must_use]
pub fn shorten(bytes: &[u8]) -> String {
    let shown = bytes
        .get(..100)
        .filter(|_| bytes.len() > 200)
        .unwrap_or(bytes);
    let text = shown.escape_ascii();
    if shown.len() == bytes.len() {
        text.to_string()
    } else {
        format!("{text}… {} bytes", bytes.len())
    }
}

// === impl Transcript ===

impl Transcript {
    /// Puts the lines together, without those that the script leaves out and without what no two runs share.
    #[must_use]
    pub fn new(script: &Script, lines: impl IntoIterator<Item = String>) -> Self {
        let kept = lines.into_iter().filter(|line| {
            !script
                .unseen
                .iter()
                .any(|unseen| line.starts_with(unseen.what.as_str()))
        });
        let scrub = Scrub::new();
        Self(kept.map(|line| scrub.line(&line)).collect())
    }

    /// Lines that differ, as a unified difference; empty when there are none.
    #[must_use]
    pub fn difference(&self, other: &Self, names: (&str, &str)) -> Vec<String> {
        if self == other {
            return Vec::new();
        }
        let (left, right) = (self.0.join("\n"), other.0.join("\n"));
        let difference = TextDiff::from_lines(&left, &right);
        let mut lines = vec![format!("--- {}", names.0), format!("+++ {}", names.1)];
        lines.extend(
            difference
                .iter_all_changes()
                .map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n'))),
        );
        lines
    }

    /// How many lines are only in one of the two.
    #[must_use]
    pub fn differing(&self, other: &Self) -> usize {
        let (left, right) = (self.to_string(), other.to_string());
        let difference = TextDiff::from_lines(&left, &right);
        let changes = difference.iter_all_changes();
        changes.filter(|it| it.tag() != ChangeTag::Equal).count()
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

// Request ids, addresses and the name of the proxy.
struct Scrub {
    uuid: Regex,
    address: Regex,
    forwarded: Regex,
    service_time: Regex,
    date: Regex,
    server: Regex,
}

// === impl Scrub ===

impl Scrub {
    fn new() -> Self {
        let regex = |pattern| Regex::new(pattern).unwrap_or_else(|_| never());
        Self {
            uuid: regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            address: regex(r"127\.0\.0\.1:[0-9]+"),
            forwarded: regex(r"(x-forwarded-for[:=] ?)[0-9a-f.:, ]+"),
            service_time: regex(r"(x-envoy-upstream-service-time[:=] ?)[0-9]+"),
            date: regex("(date=)[A-Za-z0-9 ,:]+"),
            server: regex(r"(server[:=] ?)(envoy|host-runner)"),
        }
    }

    fn line(&self, line: &str) -> String {
        let line = self.uuid.replace_all(line, "<uuid>");
        let line = self.address.replace_all(&line, "<address>");
        let line = self.service_time.replace_all(&line, "$1<time>");
        let line = self.date.replace_all(&line, "$1<date>");
        let line = self.server.replace_all(&line, "$1<proxy>");
        let forwarded =
            |found: &Captures<'_>| format!("{}<client>", found.get(1).map_or("", |it| it.as_str()));
        self.forwarded
            .replace_all(&line, forwarded)
            .chars()
            .map(one_line)
            .collect()
    }
}

// What a plugin wrote to standard output may have line ends, and other bytes, in it.
fn one_line(character: char) -> String {
    match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    }
}

// The patterns are constants; the regex that matches nothing stands in for one that cannot be.
fn never() -> Regex {
    Regex::new("$^").unwrap_or_else(|_| never())
}
