//! What a comparison of two transcripts comes to.

use super::observe::Transcript;

/// How host-runner did on one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As Envoy.
    Same,
    /// Otherwise than Envoy.
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
    pub fn of(envoy: &Transcript, ours: &Transcript) -> Self {
        match envoy.differing(ours) {
            0 => Self::Same,
            lines => Self::Different {
                lines,
                shown: envoy.difference(ours, ("envoy", "host-runner")).join("\n"),
            },
        }
    }
}
