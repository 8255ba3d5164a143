//! `make conformance`: every script on host-runner and on a real Envoy, compared line by line.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use meshwright_tests::conformance::golden::Golden;
use meshwright_tests::conformance::report::{Report, Row};
use meshwright_tests::conformance::rules::Rules;
use meshwright_tests::conformance::{Group, Script, Stage, Transcript};
use meshwright_tests::{build_modules, root};

/// Listeners that one Envoy serves at once: each has a VM of its own, with some megabytes for every thread.
const BATCH: usize = 60;

/// Runs the conformance scripts on host-runner and on a real Envoy.
#[derive(Debug, Parser)]
struct Options {
    /// Only scripts whose `group/name` contains this.
    filter: Option<String>,
    /// Keeps what Envoy says as the golden transcripts.
    #[arg(long)]
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
    let groups = Group::read_all(&folder.join("scripts"))?;
    let modules = build_modules()?;
    let chosen = chosen(&groups, options.filter.as_deref());
    let scripts: Vec<_> = chosen
        .iter()
        .map(|(id, _, script)| (id.clone(), (*script).clone()))
        .collect();
    let mut goldens = BTreeMap::new();
    for group in &groups {
        goldens.insert(
            group.name.clone(),
            Golden::read(&folder.join("golden"), &group.name)?,
        );
    }
    let mut report = Report(
        groups
            .iter()
            .map(|it| Row {
                group: it.name.clone(),
                ..Row::default()
            })
            .collect(),
    );
    for (batch, chosen) in scripts.chunks(BATCH).zip(chosen.chunks(BATCH)) {
        let stage = Stage::new(batch, &modules)?;
        let listeners = stage.listeners();
        let ours = stage.run(Arc::new(Front::start(
            &listeners,
            &FrontOptions::default(),
        )?))?;
        let theirs = match options.golden {
            true => None,
            false => Some(stage.run(Arc::new(Envoy::start(
                &listeners,
                &EnvoyOptions::default(),
            )?))?),
        };
        for (index, (_, group, script)) in chosen.iter().enumerate() {
            let golden = goldens.entry(group.name.clone()).or_default();
            let theirs = match &theirs {
                Some(theirs) => theirs
                    .get(index)
                    .cloned()
                    .context("one transcript for each script")?,
                None => golden
                    .get(&script.name)
                    .cloned()
                    .with_context(|| format!("`{}` has no golden transcript", script.name))?,
            };
            let ours = ours.get(index).context("one transcript for each script")?;
            if options.print {
                println!("== {}/{}\n{theirs}", group.name, script.name);
            }
            compare(
                &format!("{}/{}", group.name, script.name),
                &theirs,
                ours,
                report.0.iter_mut().find(|row| row.group == group.name),
            );
            if options.bless {
                golden.set(&script.name, theirs);
            }
        }
    }
    if options.bless {
        for (group, golden) in &goldens {
            golden.write(&folder.join("golden"), group)?;
        }
    }
    report.0.retain(|row| row.scripts > 0);
    println!("{report}");
    let same = report.total().differences == 0;
    if options.filter.is_none() {
        Rules::read(&folder)?.check(&groups)?;
    }
    Ok(if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen<'a>(groups: &'a [Group], filter: Option<&str>) -> Vec<(String, &'a Group, &'a Script)> {
    let all = groups.iter().enumerate().flat_map(|(group_index, group)| {
        let scripts = group.scripts.iter().enumerate();
        scripts.map(move |(index, script)| (format!("s{group_index}-{index}"), group, script))
    });
    let wanted = |(_, group, script): &(String, &Group, &Script)| {
        let name = format!("{}/{}", group.name, script.name);
        filter.is_none_or(|filter| name.contains(filter))
    };
    all.filter(wanted).collect()
}

fn compare(name: &str, theirs: &Transcript, ours: &Transcript, row: Option<&mut Row>) {
    let difference = theirs.difference(ours, ("envoy", "host-runner"));
    let differing = difference
        .iter()
        .skip(2)
        .filter(|line| line.starts_with(['+', '-']))
        .count();
    if differing > 0 {
        println!("---- {name}\n{}\n", difference.join("\n"));
    }
    if let Some(row) = row {
        row.scripts += 1;
        row.lines += theirs.0.len();
        row.differences += differing;
    }
}
