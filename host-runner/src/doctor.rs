//! `host-runner doctor`: what this machine has and lacks, in plain words, and `--fix`, which installs what it lacks.
//! Each thing is one [`Diagnosis`]; each treatment prints the commands it runs and can be repeated at will.

mod apt;
mod envoy;
mod node;
mod rust;
mod wrk;

use std::fmt;
use std::io::Write;
use std::str::FromStr;

/// A part of the machine that can be asked about on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// cargo, rustc, the wasm32-wasip1 standard library and the linkers.
    Rust,
    /// The real Envoy that tests compare with.
    Envoy,
    /// Node.js and npm; only the tests need them.
    Node,
    /// What makes load for `make bench-ratios`; nothing else needs it.
    Wrk,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only look.
    Report,
    /// Install what is missing, then look.
    Fix,
}

/// One thing that is needed, and whether it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it is, such as `linker for modules`.
    pub subject: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// The outcome of looking for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is there: what and where.
    Present(String),
    /// It is there and will be used, but it is not what is expected.
    Doubtful(String),
    /// It is not there or does not work.
    Missing {
        /// What is wrong.
        problem: String,
        /// What fixes it.
        remedy: String,
    },
}

/// What everybody needs, in the order of a report.
pub const ALL_TOPICS: [Topic; 2] = [Topic::Rust, Topic::Envoy];

/// Looks, or fixes and then looks, and prints what was found. Returns whether all is there. No topics means what everybody needs.
///
/// # Errors
/// When `out` cannot be written to. A treatment that fails is printed, not returned: the report that follows says
/// what is still missing.
pub fn run(topics: &[Topic], mode: Mode, out: &mut dyn Write) -> anyhow::Result<bool> {
    let topics = if topics.is_empty() {
        &ALL_TOPICS
    } else {
        topics
    };
    if mode == Mode::Fix {
        fix(topics, out)?;
    }
    let diagnoses = diagnose(topics);
    for diagnosis in &diagnoses {
        writeln!(out, "{diagnosis}")?;
    }
    Ok(diagnoses.iter().all(Diagnosis::is_there))
}

/// What is there and what is missing.
#[must_use]
pub fn diagnose(topics: &[Topic]) -> Vec<Diagnosis> {
    let of = |topic: &Topic| match topic {
        Topic::Rust => rust::diagnose(),
        Topic::Envoy => vec![envoy::diagnose()],
        Topic::Node => node::diagnose(),
        Topic::Wrk => vec![wrk::diagnose()],
    };
    topics.iter().flat_map(of).collect()
}

/// Installs what is missing, as far as that is possible; `out` is told what is run and what failed.
///
/// # Errors
/// When `out` cannot be written to.
pub fn fix(topics: &[Topic], out: &mut dyn Write) -> anyhow::Result<()> {
    for topic in topics {
        let treated = match topic {
            Topic::Rust => rust::fix(out),
            Topic::Envoy => envoy::fix(out),
            Topic::Node => node::fix(out),
            Topic::Wrk => wrk::fix(out),
        };
        if let Err(error) = treated {
            writeln!(out, "{error:#}")?;
        }
    }
    Ok(())
}

// === impl Topic ===

impl FromStr for Topic {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> anyhow::Result<Self> {
        match word {
            "rust" => Ok(Self::Rust),
            "envoy" => Ok(Self::Envoy),
            "node" => Ok(Self::Node),
            "wrk" => Ok(Self::Wrk),
            other => Err(anyhow::anyhow!(
                "`{other}` is nothing to look at: expected `rust`, `envoy`, `node` or `wrk`"
            )),
        }
    }
}

// === impl Diagnosis ===

impl Diagnosis {
    fn present(subject: &'static str, what: impl Into<String>) -> Self {
        let finding = Finding::Present(what.into());
        Self { subject, finding }
    }

    fn doubtful(subject: &'static str, what: impl Into<String>) -> Self {
        let finding = Finding::Doubtful(what.into());
        Self { subject, finding }
    }

    fn missing(
        subject: &'static str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let finding = Finding::Missing {
            problem: problem.into(),
            remedy: remedy.into(),
        };
        Self { subject, finding }
    }

    /// Whether it can be used.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !matches!(self.finding, Finding::Missing { .. })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject;
        match &self.finding {
            Finding::Present(what) => write!(f, "✓ {subject}: {what}"),
            Finding::Doubtful(what) => write!(f, "! {subject}: {what}"),
            Finding::Missing { problem, remedy } => {
                write!(f, "✗ {subject}: {problem}\n  fix: {remedy}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_thing_comes_with_its_fix() {
        let diagnosis =
            Diagnosis::missing("Envoy", "there is none", "`host-runner doctor --fix envoy`");
        assert_eq!(
            diagnosis.to_string(),
            "✗ Envoy: there is none\n  fix: `host-runner doctor --fix envoy`"
        );
        assert!(!diagnosis.is_there());
    }

    #[test]
    fn a_doubtful_thing_is_used_all_the_same() {
        assert!(Diagnosis::doubtful("Envoy", "Envoy 1.36.2").is_there());
    }

    #[test]
    fn topics_are_words() {
        assert_eq!("envoy".parse::<Topic>().unwrap(), Topic::Envoy);
        let error = "go".parse::<Topic>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`go` is nothing to look at: expected `rust`, `envoy`, `node` or `wrk`"
        );
    }

    #[test]
    fn the_toolchain_that_runs_these_tests_is_found() {
        let first = diagnose(&[Topic::Rust]).into_iter().next().unwrap();
        assert!(
            first.is_there() && first.to_string().contains("rustc 1."),
            "{first}"
        );
    }
}
