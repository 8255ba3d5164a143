//! Which modules load: the same ones on host-runner and on a real Envoy, which must take and refuse alike.

#[path = "../../host-runner/tests/support/load_cases.rs"]
mod load_cases;
#[path = "../../host-runner/tests/support/wasm.rs"]
mod wasm;

use std::process::ExitCode;

use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Listener, ModuleFile, Plugin};
use libtest_mimic::{Arguments, Failed, Trial};

use self::load_cases::{LoadCase, load_cases};

fn main() -> ExitCode {
    let trials = load_cases().into_iter().map(|case| {
        let name = case.name;
        Trial::test(name, move || run(&case))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(case: &LoadCase) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("module.wasm");
    std::fs::write(&path, &case.bytes)?;
    let mut plugin = Plugin::new("test", ModuleFile::read(&path)?, "");
    plugin.allowed_capabilities = case.allowed.iter().map(|&name| name.to_owned()).collect();
    let listeners = [Listener {
        name: "test".to_owned(),
        plugins: vec![plugin],
        ..Listener::default()
    }];
    let runner = Front::start(&listeners, &FrontOptions::default()).map(drop);
    expect("host-runner", case, runner)?;
    if case.crashes_envoy {
        return Ok(());
    }
    let envoy = Envoy::start(&listeners, &EnvoyOptions::default()).map(drop);
    expect("Envoy", case, envoy)
}

fn expect(subject: &str, case: &LoadCase, started: anyhow::Result<()>) -> Result<(), Failed> {
    match (started, case.refused) {
        (Ok(()), None) | (Err(_), Some(_)) => Ok(()),
        (Ok(()), Some(why)) => Err(format!("{subject} takes what should be refused: {why}").into()),
        (Err(error), None) => Err(format!("{subject} refuses it: {error:#}").into()),
    }
}
