//! On-CPU time of Envoy, and who runs on which core.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

const ENVOY_CORE: usize = 0;
const LOAD_CORE: usize = 1;

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
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread: i32 = task?.file_name().to_string_lossy().parse()?;
        sched_setaffinity(Pid::from_raw(thread), &only(ENVOY_CORE))?;
    }
    Ok(())
}

/// Puts the load on the other core.
pub(crate) fn pin_self() -> anyhow::Result<()> {
    sched_setaffinity(None, &only(LOAD_CORE))
        .context("two cores are needed: one for Envoy, one for the load")
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}
