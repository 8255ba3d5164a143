//! Which cases run, and in which order.

use anyhow::{Context as _, bail};
use clap::Args;
use regex_lite::Regex;

use crate::scenario::Job;

/// Which cases to run.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// Only cases whose name has this in it, as text or as a regular expression.
    #[arg(long, value_name = "PART OR REGEX")]
    filter: Option<String>,
    /// Shuffle the cases, always in the same way for the same number; `random` chooses one and prints it.
    #[arg(long, value_name = "N|random", value_parser = seed)]
    seed: Option<u64>,
}

fn seed(text: &str) -> Result<u64, String> {
    if text == "random" {
        let seed = fastrand::u64(..);
        eprintln!("--seed {seed}");
        return Ok(seed);
    }
    let wrong = |_| format!("expected a number or `random`, found `{text}`");
    text.parse().map_err(wrong)
}

// === impl Choice ===

impl Choice {
    /// Refuses a filter that leaves nothing to run.
    pub(super) fn check(&self, names: &[String]) -> anyhow::Result<()> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        if names.iter().any(|name| name.contains(filter)) {
            return Ok(());
        }
        let regex = Regex::new(filter);
        let regex = regex.with_context(|| {
            format!(
                "`--filter {filter}`: no case has this in its name, and it is no regular expression"
            )
        })?;
        if !names.iter().any(|name| regex.is_match(name)) {
            bail!(
                "`--filter {filter}`: no case of {} has such a name",
                names.len()
            );
        }
        Ok(())
    }

    pub(super) fn of(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        if let Some(filter) = &self.filter {
            let regex = Regex::new(filter).ok();
            let matches = |name: &str| regex.as_ref().is_some_and(|regex| regex.is_match(name));
            jobs.retain(|job| job.name.contains(filter) || matches(&job.name));
        }
        if let Some(seed) = self.seed {
            fastrand::Rng::with_seed(seed).shuffle(&mut jobs);
        }
        jobs
    }
}
