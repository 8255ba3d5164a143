//! `host-runner doctor`.

use clap::Args;

use super::Outcome;
use crate::doctor::{self, Mode, Topic};

/// Say what this machine has and lacks; with --fix, install what it lacks.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// What to look at: `rust`, `envoy`, `node`, `wrk`; the first two when none is given.
    topics: Vec<Topic>,
    /// Install what is missing.
    #[arg(long)]
    fix: bool,
}

// === impl Doctor ===

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let mode = if self.fix { Mode::Fix } else { Mode::Report };
        match doctor::run(&self.topics, mode, &mut std::io::stdout())? {
            true => Ok(Outcome::Fine),
            false => Ok(Outcome::Failed),
        }
    }
}
