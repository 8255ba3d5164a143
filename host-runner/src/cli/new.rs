//! `host-runner new`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::project::{Kind, Project};

/// Make a project with a filter that builds, passes its tests and can be served at once.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The folder to make; its name is the filter's.
    folder: PathBuf,
    /// What the filter does to begin with.
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// The folder of the SDK, instead of the one that this host-runner was built with.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

// === impl New ===

impl New {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let project = Project::new(&self.folder, self.kind, self.sdk)?;
        project.write()?;
        let folder = self.folder.display();
        println!("{folder} is there: `cd {folder} && make test` tests it, `make run` serves it");
        Ok(Outcome::Fine)
    }
}
