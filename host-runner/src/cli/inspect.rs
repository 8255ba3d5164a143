//! `host-runner inspect`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Outcome;
use crate::inspect::inspect;
use crate::listener::ModuleFile;

/// Say what a module needs, which hosts take it, and what makes it big; nothing of it is run.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The module, a .wasm file.
    module: PathBuf,
    /// For people, or for machines.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

// === impl Inspect ===

impl Inspect {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let inspection = inspect(&ModuleFile::read(&self.module)?)?;
        let text = match self.format {
            Format::Text => inspection.text(),
            Format::Json => serde_json::to_string_pretty(&inspection)? + "\n",
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(Outcome::Fine)
    }
}
