//! `host-runner record`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Runtime;

use super::run::Stop;
use super::{EngineFlags, Modules, Outcome};
use crate::front::{Front, FrontOptions, Logs};
use crate::mesh::Mesh;
use crate::record::{RecordOptions, Session};

/// Serve a mesh as `run` does, and write what passes to a scenario file that replays it; Ctrl-C ends it.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// The mesh file.
    mesh: PathBuf,
    /// The scenario file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Record requests that have credentials too, credentials and all.
    #[arg(long)]
    with_secrets: bool,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

// === impl Record ===

impl Record {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let runtime = Runtime::new().context("cannot start the asynchronous runtime")?;
        let mesh = Mesh::read(&self.mesh)?;
        let modules = self.modules.folder();
        let listener = mesh.listener(&modules)?;
        let (session, writer) = Session::start(&self.options())?;
        let _upstreams = runtime.block_on(mesh.start_demo_upstreams())?;
        let options = FrontOptions {
            engine: self.engine.options(),
            logs: Logs::Print,
            record: Some(session),
            ..FrontOptions::default()
        };
        let front = Front::start(&[listener], &options)?;
        let stop = runtime.block_on(async { Stop::listen() })?;
        std::io::stdout().write_all(mesh.welcome(&front, &modules)?.as_bytes())?;
        runtime.block_on(stop.requested());
        drop(front);
        let out = self.out.display();
        match writer.finish()? {
            0 => eprintln!("nothing was recorded"),
            cases => eprintln!("{cases} recorded: `host-runner test {out}` replays them"),
        }
        Ok(Outcome::Fine)
    }

    fn options(&self) -> RecordOptions {
        RecordOptions {
            out: self.out.clone(),
            mesh: self.mesh.clone(),
            with_secrets: self.with_secrets,
            force: self.force,
        }
    }
}
