//! What a comparison of two transcripts comes to, with the known differences in mind.

use super::known::Known;
use super::observe::Transcript;

/// How host-runner did on one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As Envoy.
    Same,
    /// Otherwise than Envoy in so many lines, exactly as is known.
    Known(usize),
    /// Otherwise than Envoy, or than is known.
    Different {
        /// Lines that differ; at least one.
        lines: usize,
        /// What a person is to be shown.
        shown: String,
    },
}

// === impl Verdict ===

impl Verdict {
    /// Compares what both hosts made of a script.
    #[must_use]
    pub fn of(
        (group, script): (&str, &str),
        envoy: &Transcript,
        ours: &Transcript,
        known: &Known,
    ) -> Self {
        let lines = envoy.hunks(ours);
        let differing = count(&lines);
        match (differing, known.has(group, script)) {
            (0, false) => Self::Same,
            (0, true) => Self::Different {
                lines: 1,
                shown: format!(
                    "`{group}/{script}` no longer differs: remove it from tests/conformance/known.yaml and run \
                     `make conformance-bless`"
                ),
            },
            (_, true) if lines.0 == known.difference(group, script) => Self::Known(differing),
            (_, true) => Self::Different {
                lines: differing,
                shown: format!(
                    "the known difference is another one now\n{}",
                    Transcript(known.difference(group, script).to_vec())
                        .difference(&lines, ("known", "now"))
                        .join("\n")
                ),
            },
            (_, false) => Self::Different {
                lines: differing,
                shown: envoy.difference(ours, ("envoy", "host-runner")).join("\n"),
            },
        }
    }
}

fn count(hunks: &Transcript) -> usize {
    let changes = hunks.0.iter().filter(|line| line.starts_with(['+', '-']));
    changes.count()
}
