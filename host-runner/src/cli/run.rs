//! `host-runner run`.

mod watch;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use self::watch::Watch;
use super::{EngineFlags, Modules, Outcome};
use crate::engine::EngineOptions;
use crate::envoy::{Envoy, EnvoyOptions};
use crate::front::{Front, FrontOptions, Logs};
use crate::mesh::Mesh;
use crate::subject::Subject;

/// Serve a mesh and print curl lines to try; Ctrl-C ends everything.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The mesh file.
    mesh: PathBuf,
    /// What to serve it with.
    #[arg(long, value_enum, default_value_t = On::Runner)]
    on: On,
    /// Worker threads of host-runner, each with VMs of its own.
    #[arg(long, default_value_t = 1, value_name = "N")]
    workers: usize,
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
        let mesh = Mesh::read(&self.mesh)?;
        let modules = self.modules.folder();
        let listener = mesh.listener(&modules)?;
        // From here on everything started ends when its value is dropped, whichever way this function is left.
        let _upstreams = runtime.block_on(mesh.start_demo_upstreams())?;
        let listeners = [listener];
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
                    let watch = Watch::new(&self.mesh, &modules);
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
        std::io::stdout().write_all(mesh.welcome(subject, &modules)?.as_bytes())?;
        runtime.block_on(stop.requested());
        Ok(Outcome::Fine)
    }
}

/// Ctrl-C, or a polite request of the system.
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
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
