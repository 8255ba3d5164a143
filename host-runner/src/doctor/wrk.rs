//! Whether there is `wrk`, which makes the load of a benchmark.

use std::io::Write;

use super::{Diagnosis, apt};
use crate::command::ask;

const SUBJECT: &str = "wrk";

pub(super) fn diagnose() -> Diagnosis {
    // It has no option that says only its version and ends well.
    match ask("which", &["wrk"]) {
        Some(path) => Diagnosis::present(SUBJECT, path),
        None => Diagnosis::missing(
            SUBJECT,
            "it is not on PATH",
            "`host-runner doctor --fix wrk` installs Debian's package",
        ),
    }
}

pub(super) fn fix(out: &mut dyn Write) -> anyhow::Result<()> {
    match diagnose().is_there() {
        true => Ok(()),
        false => apt::install(&["wrk"], out),
    }
}
