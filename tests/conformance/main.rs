//! `make conformance`: every script on host-runner and on a real Envoy, compared line by line.

use std::process::ExitCode;

use clap::Parser;
use meshwright_tests::conformance::report::Report;
use meshwright_tests::conformance::rules::Rules;
use meshwright_tests::conformance::suite::{Ran, Reference};
use meshwright_tests::conformance::{Suite, Verdict};
use meshwright_tests::{build_modules, root};

/// Runs the conformance scripts on host-runner and on a real Envoy.
#[derive(Debug, Parser)]
struct Options {
    /// Only scripts whose `group/name` contains this.
    filter: Option<String>,
    /// Keeps what Envoy says as the golden transcripts.
    #[arg(long, conflicts_with = "golden")]
    bless: bool,
    /// Compares host-runner with the golden transcripts, without an Envoy.
    #[arg(long)]
    golden: bool,
    /// Prints the transcripts, Envoy's or the golden ones.
    #[arg(long)]
    print: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let folder = root().join("tests/conformance");
    let mut suite = Suite::read(&folder)?;
    let filter = options.filter.as_deref();
    let chosen = suite.choose(|name| filter.is_none_or(|filter| name.contains(filter)));
    let reference = match options.golden {
        true => Reference::Golden,
        false => Reference::Envoy,
    };
    let all = suite.run(&chosen, &build_modules()?, reference)?;
    if options.bless {
        all.iter().for_each(|ran| suite.keep(ran));
        suite.write()?;
    }
    let mut report = Report::of(&suite.groups);
    for ran in &all {
        if options.print {
            println!("== {}\n{}", name(ran), ran.envoy);
        }
        judge(ran, &mut report);
    }
    println!("{report}");
    if options.filter.is_none() {
        Rules::read(&folder)?.check(&suite.groups)?;
    }
    Ok(match report.total().differences {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn judge(ran: &Ran, report: &mut Report) {
    let verdict = ran.verdict();
    if let Verdict::Different { shown, .. } = &verdict {
        println!("---- {}\n{shown}\n", name(ran));
    }
    report.add(&ran.chosen.group, ran.envoy.0.len(), &verdict);
}

fn name(ran: &Ran) -> String {
    format!("{}/{}", ran.chosen.group, ran.chosen.script.name)
}
