//! Whether there are Node.js and npm, with which the tests compile a filter in AssemblyScript.

use std::io::Write;

use super::{Diagnosis, apt};
use crate::command::ask;

const PROGRAMS: [(&str, &str); 2] = [("node", "nodejs"), ("npm", "npm")];

pub(super) fn diagnose() -> Vec<Diagnosis> {
    let of = |(program, package)| match ask(program, &["--version"]) {
        Some(version) => Diagnosis::present(program, version),
        None => Diagnosis::missing(
            program,
            "it is not on PATH",
            format!("`host-runner doctor --fix node` installs Debian's package {package}"),
        ),
    };
    PROGRAMS.map(of).into()
}

pub(super) fn fix(out: &mut dyn Write) -> anyhow::Result<()> {
    let missing = PROGRAMS.iter().zip(diagnose());
    let packages: Vec<&str> = missing
        .filter(|(_, diagnosis)| !diagnosis.is_there())
        .map(|((_, package), _)| *package)
        .collect();
    match packages.as_slice() {
        [] => Ok(()),
        packages => apt::install(packages, out),
    }
}
