//! `host-runner jwt inspect`.

use std::io::Write as _;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use policy_jwt::{Authenticator, Document, Need, Outcome as Judged};

use meshwright_core::Verdict;

use super::super::Outcome;
use super::explained::Text;
use super::policy::Policy;
use super::presented;

/// Say, check by check, whether a configuration of jwt-auth takes a token; its signature is not shown.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The token; `-` reads it from standard input.
    token: String,
    #[command(flatten)]
    policy: Policy,
    /// When it is presented, such as 2026-01-31T12:00:00Z or seconds since 1970; now unless you say otherwise.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    now: Option<Timestamp>,
}

// === impl Inspect ===

impl Inspect {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let authenticator = self.policy.authenticator()?;
        let keys = self.policy.keys(authenticator.compat())?;
        let token = self.token()?;
        let now = self.now.unwrap_or_else(Timestamp::now);
        let request = presented::request(&token, &authenticator);
        let explanation = authenticator.explain(&request, SystemTime::from(now), &keys);
        let text = Text { now }.of(&explanation, token.len());
        std::io::stdout().write_all(text.as_bytes())?;
        match explanation.outcome {
            Judged::Decided(Verdict::Continue { .. }) | Judged::Reported { .. } => {
                Ok(Outcome::Fine)
            }
            Judged::Decided(Verdict::Deny { .. }) => Ok(Outcome::Failed),
            Judged::NeedsKeys(need) => bail!(keys_missing(&authenticator, need)),
        }
    }

    // As people paste it.
    fn token(&self) -> anyhow::Result<String> {
        let text = match self.token.as_str() {
            "-" => std::io::read_to_string(std::io::stdin())
                .context("cannot read the token on standard input")?,
            token => token.to_owned(),
        };
        let token = text.trim();
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim_start();
        if token.is_empty() {
            bail!("there is no token");
        }
        Ok(token.to_owned())
    }
}

fn keys_missing(authenticator: &Authenticator, need: Need) -> String {
    let Some(remote) = authenticator.remotes().get(need.remote) else {
        return "the keys are not in the configuration".to_owned();
    };
    let (rule, uri) = (remote.rule(), remote.uri());
    match remote.document() {
        Document::KeySet => {
            format!("{rule} has its keys at `{uri}`; `--jwks FILE` says what is there")
        }
        Document::Discovery => format!(
            "{rule} asks `{uri}` where its keys are; `--jwks FILE` says what is there in the end"
        ),
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let expected =
        || "expected a time such as `2026-01-31T12:00:00Z`, or seconds since 1970".to_owned();
    match text.parse() {
        Ok(seconds) => Timestamp::from_second(seconds).map_err(|_| expected()),
        Err(_) => text.parse().map_err(|_| expected()),
    }
}
