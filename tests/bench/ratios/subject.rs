//! Processes under measurement, each pinned to a core, and ended when dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// Under this name this program is host-runner.
pub(crate) const NAME: &str = "host-runner";
/// The core of what is measured.
pub(crate) const SUBJECT_CORE: &str = "0";
/// The core of load and upstreams.
pub(crate) const LOAD_CORE: &str = "1";

/// A running process.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

/// This program, under the name by which it is host-runner.
pub(crate) fn host_runner(folder: &Path) -> anyhow::Result<PathBuf> {
    let link = folder.join(NAME);
    std::os::unix::fs::symlink(std::env::current_exe()?, &link)
        .with_context(|| format!("cannot make `{}`", link.display()))?;
    Ok(link)
}

/// `taskset` (util-linux): a command whose whole process tree stays on one core.
pub(crate) fn on_core(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program);
    command
}

// === impl Running ===

impl Running {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let child = child.with_context(|| format!("cannot run {command:?}"))?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    // Politely, so that a host-runner ends its Envoy: `kill` is procps' or the shell's, and there where taskset is.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
