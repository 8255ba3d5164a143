//! Every scenario on host-runner and on a real Envoy, each case a named test.
//!
//! Without an Envoy this fails: a promise about Envoy that was not checked is not kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use host_runner::engine::EngineOptions;
use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Listener, sha256_hex};
use host_runner::memory::{Delivery, Memory, MemorySubjectOptions};
use host_runner::mesh::Mesh;
use host_runner::scenario::Suite;
use host_runner::subject::Subject;
use libtest_mimic::{Arguments, Trial};
use meshwright_tests::{build_languages, build_modules, root};

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let modules = build_modules()?;
    build_languages(&modules)?;
    let suite = load(&modules)?;
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, suite.trials(Vec::new())).exit_code());
    }
    let listeners = suite.listeners();
    let envoy = Arc::new(Envoy::start(&listeners, &EnvoyOptions::default())?);
    let engine = EngineOptions {
        metering: suite.has_budgets(),
        ..EngineOptions::default()
    };
    let mut subjects: Vec<Arc<dyn Subject>> = vec![
        runner(&listeners, &engine)?,
        Arc::clone(&envoy) as Arc<dyn Subject>,
        memory(&suite, &engine, None)?,
    ];
    for delivery in Delivery::all() {
        subjects.push(memory(&suite, &engine, Some(delivery))?);
    }
    let mut trials = suite.trials(subjects);
    let loaded = Arc::clone(&envoy);
    trials.push(Trial::test(
        "envoy loaded the very bytes that host-runner ran",
        move || Ok(same_bytes(&loaded, &listeners).map_err(|error| format!("{error:#}"))?),
    ));
    let conclusion = libtest_mimic::run(&arguments, trials);
    let versions = BTreeMap::from([
        ("envoy".to_owned(), envoy.located().version.clone()),
        (
            "host-runner".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
    ]);
    let report = suite.report(versions);
    let path = report.write(&root().join("target"), "scenarios")?;
    let (cases, differences) = (
        report.cases.unwrap_or_default(),
        report.differences.unwrap_or_default(),
    );
    println!(
        "{cases} cases on host-runner and on Envoy, {differences} disagreements ({})",
        path.display()
    );
    Ok(conclusion.exit_code())
}

// Compiled as `host-runner run` has it; in memory, as `host-runner test` has it.
fn runner(listeners: &[Listener], engine: &EngineOptions) -> anyhow::Result<Arc<dyn Subject>> {
    let options = FrontOptions {
        engine: EngineOptions {
            inlining: true,
            ..engine.clone()
        },
        ..FrontOptions::default()
    };
    Ok(Arc::new(Front::start(listeners, &options)?))
}

fn memory(
    suite: &Suite,
    engine: &EngineOptions,
    delivery: Option<Delivery>,
) -> anyhow::Result<Arc<dyn Subject>> {
    let options = MemorySubjectOptions {
        engine: engine.clone(),
        delivery,
        ..MemorySubjectOptions::default()
    };
    Ok(Arc::new(Memory::start(
        &suite.answered_listeners(),
        &options,
    )?))
}

fn load(modules: &Path) -> anyhow::Result<Suite> {
    let paths: [PathBuf; 2] = [
        root().join("tests/scenarios"),
        root().join("host-runner/demo/bookinfo/examples.yaml"),
    ];
    Suite::load(&paths, modules, &|mesh| Mesh::read(mesh)?.listener(modules))
}

// Hashes of the files that Envoy's own configuration dump names, against those of the bytes the runner compiled.
fn same_bytes(envoy: &Envoy, listeners: &[Listener]) -> anyhow::Result<()> {
    let in_envoy = envoy.module_hashes()?;
    let in_runner: BTreeMap<String, String> = listeners
        .iter()
        .flat_map(|listener| &listener.plugins)
        .map(|plugin| (plugin.name.clone(), sha256_hex(&plugin.module.bytes)))
        .collect();
    ensure!(!in_runner.is_empty(), "no plugin was loaded");
    ensure!(
        in_envoy == in_runner,
        "envoy: {in_envoy:#?}\nrunner: {in_runner:#?}"
    );
    Ok(())
}
