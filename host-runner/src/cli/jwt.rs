//! `host-runner jwt`: keys and tokens to try a configuration of `jwt-auth` with, and why it refuses one.

mod explained;
mod inspect;
mod jwks;
mod keygen;
mod policy;
mod presented;

mod sign;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

use super::Outcome;

/// Make keys, key sets and tokens, and see why a token is refused.
#[derive(Debug, Args)]
pub(super) struct Jwt {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Jwks(jwks::Jwks),
    Inspect(inspect::Inspect),
}

// === impl Jwt ===

impl Jwt {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        match &self.verb {
            Verb::Keygen(verb) => verb.run(),
            Verb::Sign(verb) => verb.run(),
            Verb::Jwks(verb) => verb.run(),
            Verb::Inspect(verb) => verb.run(),
        }
    }
}

// `-` is the standard stream.
fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

fn file(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path).filter(|path| !is_stream(path))
}

// Seconds since 1970.
fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
}
