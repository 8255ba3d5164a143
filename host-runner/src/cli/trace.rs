//! `host-runner trace`.

mod request;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};

use self::request::Request;
use super::{EngineFlags, Modules, Outcome};
use crate::engine::EngineOptions;
use crate::front::{Front, FrontOptions};
use crate::mesh::Mesh;
use crate::scenario::Suite;
use crate::subject::Subject;
use crate::trace::{Event, Recorder, text};

/// Show every callback and every hostcall of one case of a scenario, or of one request to a mesh, and why each that failed did.
#[derive(Debug, Args)]
pub(super) struct Trace {
    /// A scenario file; with --get, a mesh file.
    file: PathBuf,
    /// The case: a part of its name.
    #[arg(long, value_name = "PART", conflicts_with = "get")]
    case: Option<String>,
    #[command(flatten)]
    request: Request,
    /// Also how the plugins were started and configured.
    #[arg(long)]
    start: bool,
    /// For people, or one JSON object in each line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

// === impl Trace ===

impl Trace {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let suite = self.suite()?;
        let case = self.chosen(&suite.case_names())?;
        let recorder = Recorder::default();
        let options = FrontOptions {
            engine: EngineOptions {
                metering: true,
                ..self.engine.options()
            },
            trace: Some(recorder.clone()),
            ..FrontOptions::default()
        };
        let front = Front::start(&suite.listeners(), &options);
        let started = recorder.take();
        let front = match front {
            Ok(front) => Arc::new(front) as Arc<dyn Subject>,
            Err(error) => {
                self.print(&started, &[])?;
                return Err(error);
            }
        };
        // Rehearsal and main thread came first; the last worker is the one that serves.
        let serving = started.iter().map(|event| event.worker).max();
        let mine = |events: Vec<Event>| {
            let events = events.into_iter();
            let mine = events.filter(|event| serving.is_none_or(|it| event.worker == it));
            mine.collect::<Vec<_>>()
        };
        let (outcomes, problems) = suite.play(&case, &front);
        let mut events = if self.start {
            mine(started)
        } else {
            Vec::new()
        };
        events.extend(mine(recorder.take()));
        self.print(&events, &outcomes)?;
        for problem in &problems {
            eprintln!("{problem}");
        }
        match problems.is_empty() {
            true => Ok(Outcome::Fine),
            false => Ok(Outcome::Failed),
        }
    }

    fn suite(&self) -> anyhow::Result<Suite> {
        let modules = self.modules.folder();
        let loader = |mesh: &Path| Mesh::read(mesh)?.listener(&modules);
        if !self.request.is_given() {
            return Suite::load(std::slice::from_ref(&self.file), &modules, &loader);
        }
        // Whatever is wrong with the mesh is said of its own file.
        Mesh::read(&self.file)?.listener(&modules)?;
        let scenario = self.request.scenario(&std::path::absolute(&self.file)?)?;
        Suite::load(&[scenario.path().join("request.yaml")], &modules, &loader)
    }

    fn chosen(&self, names: &[String]) -> anyhow::Result<String> {
        let part = self.case.as_deref().unwrap_or_default();
        let fitting: Vec<_> = names.iter().filter(|name| name.contains(part)).collect();
        let exact = fitting
            .iter()
            .find(|name| name.ends_with(&format!("::{part}")));
        match (exact, fitting.as_slice()) {
            (Some(one), _) | (None, [one]) => Ok((*one).clone()),
            (None, []) => bail!(
                "no case has `{part}` in its name; there are:\n{}",
                listed(names)
            ),
            (None, several) => bail!("choose one with --case:\n{}", listed(several)),
        }
    }

    fn print(&self, events: &[Event], outcomes: &[String]) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.format {
            Format::Text => {
                out.write_all(text(events).as_bytes())?;
                for outcome in outcomes {
                    writeln!(out, "{outcome}")?;
                }
            }
            Format::Json => {
                for event in events {
                    writeln!(out, "{}", serde_json::to_string(event)?)?;
                }
            }
        }
        Ok(())
    }
}

fn listed(names: &[impl AsRef<str>]) -> String {
    let lines = names.iter().map(|name| format!("  {}", name.as_ref()));
    lines.collect::<Vec<_>>().join("\n")
}
