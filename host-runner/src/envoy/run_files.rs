//! The private folder of one Envoy run: its bootstrap, its modules, its log. Gone when dropped.
//! Modules are written from the listeners' bytes under content-addressed names, so what is loaded is what was meant.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use super::admin::Admin;
use super::bootstrap::module_file_name;
use crate::listener::Listener;

/// The files of one run.
#[derive(Debug)]
pub(super) struct RunFiles {
    folder: TempDir,
}

// === impl RunFiles ===

impl RunFiles {
    pub(super) fn create() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("meshwright-envoy-")
            .tempdir();
        Ok(Self {
            folder: folder.context("cannot create a folder to run Envoy in")?,
        })
    }

    pub(super) fn write_modules(&self, listeners: &[Listener]) -> anyhow::Result<()> {
        for module in listeners
            .iter()
            .flat_map(|listener| &listener.plugins)
            .map(|plugin| &plugin.module)
        {
            let file = self.path(&module_file_name(module));
            if !file.exists() {
                std::fs::write(&file, &module.bytes)
                    .with_context(|| format!("cannot write `{}`", file.display()))?;
            }
        }
        Ok(())
    }

    /// The admin interface, once Envoy has written down where it listens.
    pub(super) fn admin(&self) -> Option<Admin> {
        let address = std::fs::read_to_string(self.admin_address()).ok()?;
        address.trim().parse().ok().map(Admin::new)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn bootstrap(&self) -> PathBuf {
        self.path("bootstrap.json")
    }

    pub(super) fn admin_address(&self) -> PathBuf {
        self.path("admin-address")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path("envoy.log")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
