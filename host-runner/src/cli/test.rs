//! `host-runner test`.

mod choice;
mod outcomes;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use libtest_mimic::{Arguments, FormatSetting};

use self::choice::Choice;
use self::outcomes::Outcomes;
use super::{EngineFlags, Modules, Outcome};
use crate::engine::EngineOptions;
use crate::envoy::{Envoy, EnvoyOptions};
use crate::front::{Front, FrontOptions};
use crate::memory::{Delivery, Memory, MemorySubjectOptions};
use crate::mesh::Mesh;
use crate::scenario::bless::Blessing;
use crate::scenario::{Job, Suite};
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
    /// Also in memory, under every way to deliver the same messages: pieces, ends, when calls are answered.
    #[arg(long)]
    deliveries: bool,
    #[command(flatten)]
    choice: Choice,
    /// Rewrite expected values that do not hold by what happened; conditions and log lines are left.
    #[arg(long)]
    bless: bool,
    /// How results are printed: `pretty` for people; `json`, in events; `junit` and `tap`, when all have run.
    #[arg(long, value_enum, default_value_t = Format::Pretty)]
    format: Format,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
    Junit,
    Tap,
}

/// Subjects of a test run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum On {
    /// The bundled wasmtime host.
    Runner,
    /// A real Envoy.
    Envoy,
    /// Both, compared with each other.
    Both,
    /// The bundled host without sockets, on a virtual clock.
    Memory,
}

// === impl Test ===

impl Test {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let modules = self.modules.folder();
        let mesh_loader = |mesh: &Path| Mesh::read(mesh)?.listener(&modules);
        let suite = Suite::load(&self.paths, &modules, &mesh_loader)?;
        // Before any subject starts, which takes long.
        self.choice.check(&suite.case_names())?;
        let options = EngineOptions {
            metering: suite.has_budgets(),
            ..self.engine.options()
        };
        let mut subjects = self.on.start(&suite, &options)?;
        if self.deliveries {
            subjects.extend(deliveries(&suite, &options)?);
        }
        let blessing = self.bless.then(Arc::<Blessing>::default);
        let jobs = suite.jobs(subjects, blessing.as_ref());
        let failed = self
            .format
            .report(self.choice.of(jobs), suite.file_count())?;
        for change in blessing.map_or_else(|| Ok(Vec::new()), |it| it.write())? {
            eprintln!("blessed {change}");
        }
        match failed {
            true => Ok(Outcome::Failed),
            false => Ok(Outcome::Fine),
        }
    }
}

// === impl Format ===

impl Format {
    // Whether any failed. The cases of one file run in turn, so for one file more than one thread would only wait.
    fn report(self, jobs: Vec<Job>, files: usize) -> anyhow::Result<bool> {
        let format = match self {
            Self::Pretty => FormatSetting::Pretty,
            Self::Json => FormatSetting::Json,
            Self::Junit | Self::Tap => {
                let outcomes = Outcomes::of(jobs);
                let text = match self {
                    Self::Junit => outcomes.junit(),
                    Self::Tap | Self::Pretty | Self::Json => outcomes.tap(),
                };
                std::io::stdout().write_all(text.as_bytes())?;
                return Ok(outcomes.has_failed());
            }
        };
        let arguments = Arguments {
            format: Some(format),
            test_threads: (files == 1).then_some(1),
            ..Arguments::default()
        };
        let trials = jobs.into_iter().map(Job::trial).collect();
        Ok(libtest_mimic::run(&arguments, trials).has_failed())
    }
}

// === impl On ===

impl On {
    pub(super) fn start(
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
            let front = Arc::new(Front::start(&listeners, &options)?);
            // It ends with the process: freeing its VMs one by one before that would only take time.
            std::mem::forget(Arc::clone(&front));
            subjects.push(front);
        }
        if matches!(self, Self::Envoy | Self::Both) {
            let envoy = Envoy::start(&listeners, &EnvoyOptions::default())?;
            subjects.push(Arc::new(envoy));
        }
        if self == Self::Memory {
            let options = MemorySubjectOptions {
                engine: options.clone(),
                ..MemorySubjectOptions::default()
            };
            subjects.push(Arc::new(Memory::start(
                &suite.answered_listeners(),
                &options,
            )?));
        }
        Ok(subjects)
    }
}

fn deliveries(suite: &Suite, options: &EngineOptions) -> anyhow::Result<Vec<Arc<dyn Subject>>> {
    let listeners = suite.answered_listeners();
    let subjects = Delivery::all().into_iter().map(|delivery| {
        let options = MemorySubjectOptions {
            engine: options.clone(),
            delivery: Some(delivery),
            ..MemorySubjectOptions::default()
        };
        let memory: Arc<dyn Subject> = Arc::new(Memory::start(&listeners, &options)?);
        Ok(memory)
    });
    subjects.collect()
}
