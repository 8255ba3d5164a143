//! `make jwt-diff`: our `jwt-auth`, on a real Envoy and on host-runner, held against Envoy's native `jwt_authn`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use meshwright_tests::build_module;
use meshwright_tests::jwt_diff::report::{Report, difference};
use meshwright_tests::jwt_diff::run::{Session, Verdict};
use meshwright_tests::jwt_diff::setups;
use meshwright_tests::jwt_diff::shrink::shrink;

/// Runs the cases by rule, and generated ones, on native Envoy, on ours in Envoy and on ours in host-runner.
#[derive(Debug, Parser)]
struct Options {
    /// What generated cases begin from; the same seed gives the same cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases to generate.
    #[arg(long, default_value_t = 2400)]
    count: usize,
    /// A module to compare instead of `jwt-auth` as it is now.
    #[arg(long)]
    module: Option<PathBuf>,
    /// Only configurations whose name contains this.
    filter: Option<String>,
    /// How many differences to print.
    #[arg(long, default_value_t = 20)]
    show: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let mut setups = setups(options.seed, options.count)?;
    let is_wanted = |name: &str| {
        options
            .filter
            .as_deref()
            .is_none_or(|wanted| name.contains(wanted))
    };
    setups.retain(|setup| is_wanted(&setup.name));
    let built = || Ok::<_, anyhow::Error>(build_module("jwt-auth")?.path);
    let module = options.module.map_or_else(built, Ok)?;
    let session = Session::start(setups, &module)?;
    let all = session.run()?;
    let different = all.iter().filter(|ran| ran.verdict == Verdict::Different);
    for ran in different.take(options.show) {
        let ran = shrink(&session, ran.clone());
        if let Some(setup) = session.setups().get(ran.setup) {
            println!("{}", difference(setup, &ran));
        }
    }
    let report = Report::of(&all);
    println!("{report}");
    let stale = if options.filter.is_none() {
        report.stale()
    } else {
        Default::default()
    };
    for id in &stale {
        println!("the deviation `{id}` is listed, but did not occur");
    }
    Ok(match (report.differences(), stale.len()) {
        (0, 0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
