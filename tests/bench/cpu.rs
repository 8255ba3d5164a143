//! On-CPU time of Envoy, and who runs on which core.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

const ENVOY_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// Reads the scheduler's account of all threads of a process.
#[derive(Debug)]
pub(crate) struct Meter {
    tasks: PathBuf,
}

// === impl Meter ===

impl Meter {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let tasks = PathBuf::from(format!("/proc/{process}/task"));
        anyhow::ensure!(
            tasks.exists(),
            "`{}` is not there: this measurement needs Linux",
            tasks.display()
        );
        Ok(Self { tasks })
    }

    /// Nanoseconds on a CPU so far, all threads together.
    pub(crate) fn nanoseconds(&self) -> anyhow::Result<u64> {
        let mut total = 0;
        for task in fs::read_dir(&self.tasks)? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let on_cpu = schedstat
                .split(' ')
                .next()
                .context("schedstat has three fields")?;
            total += on_cpu.parse::<u64>()?;
        }
        Ok(total)
    }
}

/// Puts every thread of Envoy on its core.
pub(crate) fn pin_envoy(process: u32) -> anyhow::Result<()> {
    pin(process, ENVOY_CORE)
}

/// Puts the load on the other core.
pub(crate) fn pin_self() -> anyhow::Result<()> {
    pin(std::process::id(), LOAD_CORE)
}

// By util-linux's command: a crate for one system call would change features below wasmtime, and compile it twice.
fn pin(process: u32, core: &str) -> anyhow::Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args([
        "--all-tasks",
        "--cpu-list",
        "--pid",
        core,
        &process.to_string(),
    ]);
    let output = taskset
        .output()
        .context("cannot run `taskset` (package util-linux)")?;
    anyhow::ensure!(
        output.status.success(),
        "two cores are needed, one for Envoy and one for the load: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
