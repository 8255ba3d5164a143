//! `host-runner run`.

mod module;
mod watch;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use self::module::Around;
use self::watch::Watch;
use super::{EngineFlags, Modules, Outcome};
use crate::engine::EngineOptions;
use crate::envoy::{Envoy, EnvoyOptions};
use crate::front::{Front, FrontOptions, Logs};
use crate::listener::Listener;
use crate::mesh::Mesh;
use crate::subject::Subject;
use crate::upstream::Upstream;

/// Serve a mesh, or one module, and print curl lines to try; Ctrl-C ends everything.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The mesh file, or a module (`*.wasm`).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to serve it with.
    #[arg(long, value_enum, default_value_t = On::Runner)]
    on: On,
    /// Worker threads of host-runner, each with VMs of its own.
    #[arg(long, default_value_t = 1, value_name = "N")]
    workers: usize,
    #[command(flatten)]
    around: Around,
    /// Serve a mesh file or module that changes without a restart: what does not start is refused, and the old one serves on.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum On {
    /// The bundled wasmtime host.
    Runner,
    /// A real Envoy.
    Envoy,
}

// === impl Run ===

impl Run {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let runtime = Runtime::new().context("cannot start the asynchronous runtime")?;
        let modules = self.modules.folder();
        // From here on everything started ends when its value is dropped, whichever way this function is left.
        let (served, _upstreams) = runtime.block_on(self.served())?;
        let listeners = [served.listener(&modules)?];
        if self.watch && self.on == On::Envoy {
            bail!("`--watch` is for host-runner; Envoy is restarted by hand");
        }
        let options = FrontOptions {
            engine: EngineOptions {
                inlining: true,
                ..self.engine.options()
            },
            logs: Logs::Print,
            workers: self.workers,
            ..FrontOptions::default()
        };
        let front;
        let envoy;
        let subject: &dyn Subject = match self.on {
            On::Runner => {
                front = Arc::new(Front::start(&listeners, &options)?);
                if self.watch {
                    let watch = Watch::new(served.clone(), &modules);
                    let front = Arc::downgrade(&front);
                    runtime.spawn(watch.run(front));
                }
                &*front
            }
            On::Envoy => {
                envoy = Envoy::start(&listeners, &EnvoyOptions::default())?;
                &envoy
            }
        };
        // Only now: while Envoy starts, Ctrl-C ends this process at once, and Envoy's guard ends Envoy.
        let stop = runtime.block_on(async { Stop::listen() })?;
        let welcome = served.welcome(subject, &modules)?;
        std::io::stdout().write_all(welcome.as_bytes())?;
        runtime.block_on(stop.requested());
        Ok(Outcome::Fine)
    }

    // With the upstreams that answer themselves, started.
    async fn served(&self) -> anyhow::Result<(Served, Vec<Upstream>)> {
        let file = self.file.clone();
        if file.extension().is_none_or(|extension| extension != "wasm") {
            self.around.refuse_for_a_mesh()?;
            let upstreams = Mesh::read(&file)?.start_demo_upstreams().await?;
            return Ok((Served::Mesh(file), upstreams));
        }
        let mut around = self.around.clone();
        let upstream = around.start_upstream(&file).await?;
        Ok((Served::Module(file, around), upstream.into_iter().collect()))
    }
}

/// What is served, read anew each time it is asked.
#[derive(Debug, Clone)]
enum Served {
    Mesh(PathBuf),
    Module(PathBuf, Around),
}

/// Ctrl-C, or a polite request of the system.
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

// === impl Served ===

impl Served {
    fn file(&self) -> &Path {
        match self {
            Self::Mesh(file) | Self::Module(file, _) => file,
        }
    }

    fn listener(&self, modules: &Path) -> anyhow::Result<Listener> {
        match self {
            Self::Mesh(file) => Mesh::read(file)?.listener(modules),
            Self::Module(file, around) => around.listener(file),
        }
    }

    fn welcome(&self, subject: &dyn Subject, modules: &Path) -> anyhow::Result<String> {
        match self {
            Self::Mesh(file) => Mesh::read(file)?.welcome(subject, modules),
            Self::Module(file, around) => around.welcome(file, subject),
        }
    }
}

// === impl Stop ===

impl Stop {
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn requested(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
