//! `host-runner test`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{EngineFlags, Modules, Outcome};
use crate::engine::EngineOptions;
use crate::envoy::{Envoy, EnvoyOptions};
use crate::front::{Front, FrontOptions};
use crate::mesh::Mesh;
use crate::scenario::Suite;
use crate::subject::Subject;

/// Run scenario files: each case on the chosen subjects, which must agree.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Scenario files, or folders that hold them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to run them on.
    #[arg(long, value_enum, default_value_t = On::Runner)]
    on: On,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

/// Subjects of a test run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum On {
    /// The bundled wasmtime host.
    Runner,
    /// A real Envoy.
    Envoy,
    /// Both, compared with each other.
    Both,
}

// === impl Test ===

impl Test {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let modules = self.modules.folder();
        let mesh_loader = |mesh: &Path| Mesh::read(mesh)?.listener(&modules);
        let suite = Suite::load(&self.paths, &modules, &mesh_loader)?;
        let options = EngineOptions {
            metering: suite.has_budgets(),
            ..self.engine.options()
        };
        let trials = suite.trials(self.on.start(&suite, &options)?);
        let conclusion = libtest_mimic::run(&libtest_mimic::Arguments::default(), trials);
        match conclusion.has_failed() {
            true => Ok(Outcome::Failed),
            false => Ok(Outcome::Fine),
        }
    }
}

// === impl On ===

impl On {
    fn start(
        self,
        suite: &Suite,
        options: &EngineOptions,
    ) -> anyhow::Result<Vec<Arc<dyn Subject>>> {
        let listeners = suite.listeners();
        let mut subjects: Vec<Arc<dyn Subject>> = Vec::new();
        if matches!(self, Self::Runner | Self::Both) {
            let options = FrontOptions {
                engine: options.clone(),
                ..FrontOptions::default()
            };
            subjects.push(Arc::new(Front::start(&listeners, &options)?));
        }
        if matches!(self, Self::Envoy | Self::Both) {
            let envoy = Envoy::start(&listeners, &EnvoyOptions::default())?;
            subjects.push(Arc::new(envoy));
        }
        Ok(subjects)
    }
}
