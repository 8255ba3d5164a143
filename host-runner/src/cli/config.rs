//! `host-runner config`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Modules, Outcome};
use crate::envoy::{BootstrapOptions, bootstrap, to_yaml};
use crate::mesh::Mesh;

/// Print a proxy's configuration for a mesh.
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    proxy: Proxy,
}

#[derive(Debug, Subcommand)]
enum Proxy {
    /// A complete bootstrap for Envoy 1.40.
    Envoy {
        /// The mesh file.
        mesh: PathBuf,
        #[command(flatten)]
        modules: Modules,
    },
}

// === impl Config ===

impl Config {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let Proxy::Envoy { mesh, modules } = self.proxy;
        let listener = Mesh::read(&mesh)?.listener(&modules.folder())?;
        let yaml = to_yaml(&bootstrap(&[listener], &BootstrapOptions::default()))?;
        std::io::stdout().write_all(yaml.as_bytes())?;
        Ok(Outcome::Fine)
    }
}
