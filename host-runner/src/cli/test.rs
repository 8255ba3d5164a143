//! `host-runner test`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{Modules, Outcome};
use crate::envoy::{Envoy, EnvoyOptions};
use crate::front::{Front, Logs};
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
        let wasm_dir = self.modules.wasm_dir;
        let suite = Suite::load(&self.paths, &wasm_dir, &|mesh: &Path| {
            Mesh::read(mesh)?.listener(&wasm_dir)
        })?;
        let mut versions = BTreeMap::from([(
            "host-runner".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        )]);
        let subjects = self.on.start(&suite, &mut versions)?;
        let conclusion =
            libtest_mimic::run(&libtest_mimic::Arguments::default(), suite.trials(subjects));
        suite
            .report(versions)
            .write(Path::new("target"), "scenarios")?;
        Ok(if conclusion.has_failed() {
            Outcome::Failed
        } else {
            Outcome::Fine
        })
    }
}

// === impl On ===

impl On {
    fn start(
        self,
        suite: &Suite,
        versions: &mut BTreeMap<String, String>,
    ) -> anyhow::Result<Vec<Arc<dyn Subject>>> {
        let listeners = suite.listeners();
        let mut subjects: Vec<Arc<dyn Subject>> = Vec::new();
        if matches!(self, Self::Runner | Self::Both) {
            subjects.push(Arc::new(Front::start(&listeners, Logs::Keep)?));
        }
        if matches!(self, Self::Envoy | Self::Both) {
            let envoy = Envoy::start(&listeners, &EnvoyOptions::default())?;
            versions.insert("envoy".to_owned(), envoy.located().version.clone());
            subjects.push(Arc::new(envoy));
        }
        Ok(subjects)
    }
}
