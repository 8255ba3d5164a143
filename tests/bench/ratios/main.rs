//! `make bench-ratios`: host-runner beside a real Envoy, as ratios, because absolute figures drift with the machine.
//!
//! Two questions: how long from the start of a process to a scenario's verdict, and how many requests a second a mesh
//! with our three filters serves on one core. What is compared alternates within one run, and medians are taken.

mod proxy;
mod rounds;
mod subject;
#[path = "../token.rs"]
mod token;
mod upstream;
mod verdict;
mod wrk;

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

/// Envoy's time from start to verdict must be this many times ours.
const VERDICT_TARGET: f64 = 20.0;
/// Our requests a second must be this share of Envoy's.
const PROXY_TARGET: f64 = 0.8;

fn main() -> anyhow::Result<ExitCode> {
    // This program plays host-runner and the upstream too, so that all of it is optimised alike.
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    if std::path::Path::new(&name)
        .file_stem()
        .is_some_and(|stem| stem == subject::NAME)
    {
        return Ok(host_runner::cli::main());
    }
    if arguments.next().is_some_and(|it| it == upstream::ARGUMENT) {
        upstream::serve()?;
        return Ok(ExitCode::SUCCESS);
    }
    std::env::set_current_dir(meshwright_tests::root()).context("cannot enter the workspace")?;
    let modules = meshwright_tests::build_modules()?;
    let verdict = verdict::measure(&modules)?;
    println!("{verdict}");
    let mut all = vec![verdict.passes()];
    let mut report = vec![verdict.to_json()];
    for row in proxy::measure(&modules)? {
        println!("{row}");
        all.push(row.passes());
        report.push(row.to_json());
    }
    let file = meshwright_tests::root().join("target/reports/ratios.json");
    std::fs::create_dir_all(file.parent().context("a file in a folder")?)?;
    std::fs::write(&file, format!("{:#}\n", json!(report)))?;
    Ok(match all.into_iter().all(|it| it) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
