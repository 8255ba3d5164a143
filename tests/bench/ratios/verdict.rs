//! From the start of a process to the verdict on a scenario: what somebody waits for after each change.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::VERDICT_TARGET;
use crate::rounds::{Better, Rounds};
use crate::subject::host_runner;

/// A middling one: twelve cases.
const SCENARIO: &str = "tests/scenarios/authz/allow.yaml";
const ROUNDS: usize = 7;

pub(crate) fn measure(modules: &Path) -> anyhow::Result<Rounds> {
    let folder = tempfile::tempdir()?;
    let program = host_runner(folder.path())?;
    // The caches of compiled modules, of both, and of the file system.
    milliseconds(&program, "runner", modules)?;
    milliseconds(&program, "envoy", modules)?;
    let (mut runner, mut envoy) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        runner.push(milliseconds(&program, "runner", modules)?);
        envoy.push(milliseconds(&program, "envoy", modules)?);
    }
    Ok(Rounds {
        question: format!("start to verdict, {SCENARIO}"),
        unit: "ms",
        runner,
        envoy,
        better: Better::Less,
        target: Some(VERDICT_TARGET),
    })
}

fn milliseconds(program: &Path, on: &str, modules: &Path) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(["test", SCENARIO, "--on", on]);
    command.arg("--wasm-dir").arg(modules).stdout(Stdio::null());
    let status = command.status().context("cannot run host-runner")?;
    let elapsed = started.elapsed();
    ensure!(
        status.success(),
        "`{SCENARIO}` fails on {on}: {command:?} says why"
    );
    Ok(elapsed.as_secs_f64() * 1_000.0)
}
