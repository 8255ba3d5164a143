//! How cases ended, for machines: JUnit XML and TAP 14, printed once all have run.
//!
//! The `quick-junit` crate would rebuild everything below wasmtime; what is needed of the format is a page.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::scenario::Job;

/// All cases, in the order in which they ran.
pub(super) struct Outcomes(Vec<Ended>);

struct Ended {
    name: String,
    took: Duration,
    failure: Option<String>,
}

// === impl Outcomes ===

impl Outcomes {
    /// Runs them one after the other; a person at a terminal sees which is running.
    pub(super) fn of(jobs: Vec<Job>) -> Self {
        let count = jobs.len();
        let jobs = jobs.into_iter().enumerate();
        let ended = jobs.map(|(index, job)| {
            progress(&format!("{}/{count} {}", index + 1, job.name));
            let began = Instant::now();
            let failure = (job.run)().err();
            Ended {
                name: job.name,
                took: began.elapsed(),
                failure,
            }
        });
        let ended = ended.collect();
        progress("");
        Self(ended)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed() > 0
    }

    fn failed(&self) -> usize {
        self.0.iter().filter(|it| it.failure.is_some()).count()
    }

    pub(super) fn tap(&self) -> String {
        let mut text = format!("TAP version 14\n1..{}\n", self.0.len());
        for (index, ended) in self.0.iter().enumerate() {
            let not = if ended.failure.is_some() { "not " } else { "" };
            let name = ended.name.replace('\\', "\\\\").replace('#', "\\#");
            let _ = writeln!(text, "{not}ok {} - {name}", index + 1);
            if let Some(failure) = &ended.failure {
                let indented = failure.trim_end().replace('\n', "\n    ");
                let _ = writeln!(text, "  ---\n  message: |-\n    {indented}\n  ...");
            }
        }
        text
    }

    pub(super) fn junit(&self) -> String {
        let took: Duration = self.0.iter().map(|it| it.took).sum();
        let totals = format!(
            "tests=\"{}\" failures=\"{}\" time=\"{:.3}\"",
            self.0.len(),
            self.failed(),
            took.as_secs_f64()
        );
        let cases: String = self.0.iter().map(Ended::junit).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {totals}>\n  \
             <testsuite name=\"host-runner\" {totals}>\n{cases}  </testsuite>\n</testsuites>\n"
        )
    }
}

// === impl Ended ===

impl Ended {
    fn junit(&self) -> String {
        let (file, name) = self.name.split_once("::").unwrap_or(("", &self.name));
        let mut text = format!(
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(file),
            escaped(name),
            self.took.as_secs_f64()
        );
        match &self.failure {
            None => text.push_str("/>\n"),
            Some(failure) => {
                let place = failure.lines().next().unwrap_or_default();
                let _ = writeln!(
                    text,
                    ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                    escaped(place),
                    escaped(failure)
                );
            }
        }
        text
    }
}

// XML 1.0 has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

fn progress(line: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        // Over the line before; where there is nobody to see it, nothing is lost.
        let _ = write!(stderr, "\r\x1b[K{line}");
        let _ = stderr.flush();
    }
}
