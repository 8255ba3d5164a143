//! `make conformance-fuzz`: random scripts on host-runner and on a real Envoy; what differs is shrunk and printed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use meshwright_tests::build_modules;
use meshwright_tests::conformance::{Script, Stage, Transcript, generate};

/// Scripts that one Envoy serves at once.
const BATCH: usize = 100;
/// Differing scripts that are shrunk; the rest is only counted.
const SHRUNK: usize = 3;
/// Candidates tried at once while shrinking.
const CANDIDATES: usize = 40;

/// Compares host-runner and a real Envoy on random scripts.
#[derive(Debug, Parser)]
struct Options {
    /// How many scripts.
    #[arg(long, default_value_t = 2000)]
    count: usize,
    /// The first script's number; each has its own [default: the time].
    #[arg(long)]
    seed: Option<u64>,
    /// Prints the first script instead of running any.
    #[arg(long)]
    show: bool,
    /// Prints differences as they are and when they are found, without shrinking, also those that do not show again.
    #[arg(long)]
    raw: bool,
}

/// What the two hosts made of one script.
struct Compared {
    script: Script,
    theirs: Transcript,
    ours: Transcript,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let first = options.seed.unwrap_or(now.as_secs());
    if options.show {
        println!("{}", in_yaml(&generate::script(first))?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} scripts from seed {first}", options.count);
    let modules = build_modules()?;
    let (mut lines, mut different, mut once) = (0, Vec::new(), 0);
    for start in (0..options.count).step_by(BATCH) {
        let seeds = start..(start + BATCH).min(options.count);
        let scripts: Vec<_> = seeds
            .map(|seed| generate::script(first.wrapping_add(seed as u64)))
            .collect();
        for compared in run(&scripts, &modules)? {
            lines += compared.theirs.0.len();
            // Again, because how many reads a message takes is up to the kernel.
            if !differs(&compared) {
                continue;
            }
            if options.raw {
                print(&compared)?;
            }
            if differs_again(&compared, &modules)? {
                different.push(compared);
            } else {
                once += 1;
            }
        }
        println!(
            "{} scripts, {lines} lines, {} scripts differ, {once} more did once",
            (start + BATCH).min(options.count),
            different.len()
        );
    }
    let shrunk = if options.raw { 0 } else { SHRUNK };
    for compared in different.iter().take(shrunk) {
        print(&shrink(&compared.script, &modules)?)?;
    }
    Ok(if different.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn differs(compared: &Compared) -> bool {
    compared.theirs != compared.ours
}

fn differs_again(compared: &Compared, modules: &Path) -> anyhow::Result<bool> {
    let again = run(std::slice::from_ref(&compared.script), modules)?;
    Ok(again.iter().any(differs))
}

fn run(scripts: &[Script], modules: &Path) -> anyhow::Result<Vec<Compared>> {
    let named: Vec<_> = scripts
        .iter()
        .enumerate()
        .map(|(index, it)| (format!("g{index}"), it.clone()))
        .collect();
    let stage = Stage::new(&named, modules)?;
    let (ours, theirs) = (stage.run_on_host_runner()?, stage.run_on_envoy()?);
    let compared = scripts.iter().cloned().zip(theirs).zip(ours);
    Ok(compared
        .map(|((script, theirs), ours)| Compared {
            script,
            theirs,
            ours,
        })
        .collect())
}

// Takes away what can be taken away while the hosts still differ.
fn shrink(script: &Script, modules: &Path) -> anyhow::Result<Compared> {
    let mut smallest = run(std::slice::from_ref(script), modules)?
        .into_iter()
        .next()
        .context("one script was run")?;
    loop {
        let candidates = generate::shorter(&smallest.script);
        let mut found = None;
        for some in candidates.chunks(CANDIDATES) {
            found = run(some, modules)?.into_iter().find(differs);
            if found.is_some() {
                break;
            }
        }
        match found {
            Some(shorter) => smallest = shorter,
            None => return Ok(smallest),
        }
    }
}

fn print(compared: &Compared) -> anyhow::Result<()> {
    let script = in_yaml(&compared.script)?;
    let difference = compared
        .theirs
        .difference(&compared.ours, ("envoy", "host-runner"));
    println!(
        "---- {}\n{script}\n{}\n",
        compared.script.name,
        difference.join("\n")
    );
    Ok(())
}

fn in_yaml(script: &Script) -> anyhow::Result<String> {
    host_runner::envoy::to_yaml(&serde_json::to_value(script)?)
}
