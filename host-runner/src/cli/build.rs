//! `host-runner build`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::build::{self, BuildOptions, Profile};

/// Compile filter crates to target/wasm/<name>.wasm and print their sizes and hashes.
#[derive(Debug, Args)]
pub(super) struct Build {
    /// Package names; every filter of the workspace when none is given.
    names: Vec<String>,
    /// Compile faster, and keep function names for readable backtraces.
    #[arg(long)]
    dev: bool,
    /// The workspace's Cargo.toml, when it is not in this folder or above.
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,
}

// === impl Build ===

impl Build {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let options = BuildOptions {
            names: self.names,
            manifest_path: self.manifest_path,
            profile: if self.dev {
                Profile::Dev
            } else {
                Profile::Release
            },
        };
        build::run(&options, &mut std::io::stdout())?;
        Ok(Outcome::Fine)
    }
}
