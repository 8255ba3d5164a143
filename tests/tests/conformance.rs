//! host-runner treats the probe exactly as Envoy did when the golden transcripts were made: each group of scripts a test.
//!
//! Without an Envoy; `make conformance` asks a real one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use meshwright_tests::conformance::suite::Reference;
use meshwright_tests::conformance::{Suite, Verdict};
use meshwright_tests::{build_modules, root};

fn main() -> anyhow::Result<ExitCode> {
    let suite = Arc::new(Suite::read(&root().join("tests/conformance"))?);
    let modules = Arc::<OnceLock<PathBuf>>::default();
    let trials = suite.groups.iter().map(|group| {
        let (suite, modules, group) =
            (Arc::clone(&suite), Arc::clone(&modules), group.name.clone());
        Trial::test(group.clone(), move || {
            let modules = modules.get_or_init(|| build_modules().unwrap_or_default());
            judge(&suite, &group, modules)
        })
    });
    let trials = trials.collect();
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

fn judge(suite: &Suite, group: &str, modules: &Path) -> Result<(), Failed> {
    let chosen = suite.choose(|name| name.split('/').next() == Some(group));
    let all = suite.run(&chosen, modules, Reference::Golden)?;
    let verdicts = all.iter().map(|ran| (ran, ran.verdict()));
    let different: Vec<_> = verdicts
        .filter_map(|(ran, verdict)| match verdict {
            Verdict::Different { shown, .. } => {
                Some(format!("---- {group}/{}\n{shown}", ran.chosen.script.name))
            }
            Verdict::Same => None,
        })
        .collect();
    match different.is_empty() {
        true => Ok(()),
        false => Err(different.join("\n\n").into()),
    }
}
