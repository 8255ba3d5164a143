//! Whether there is an Envoy, and of which version.

use std::io::Write;

use super::{Diagnosis, apt};
use crate::envoy::{VERSION, install, locate};

const SUBJECT: &str = "Envoy";

pub(super) fn diagnose() -> Diagnosis {
    match locate::locate() {
        Ok(Some(envoy)) if envoy.is_expected_version() => {
            Diagnosis::present(SUBJECT, envoy.to_string())
        }
        Ok(Some(envoy)) => Diagnosis::doubtful(SUBJECT, envoy.to_string()),
        Ok(None) => Diagnosis::missing(
            SUBJECT,
            format!(
                "there is none in ENVOY_BIN, on PATH or in {}",
                private_place()
            ),
            format!("`host-runner doctor --fix envoy` installs {VERSION} for you alone"),
        ),
        Err(error) => Diagnosis::missing(
            SUBJECT,
            format!("{error:#}"),
            "correct or unset ENVOY_BIN, or correct PATH",
        ),
    }
}

/// An Envoy that somebody chose is left alone, even one that does not run: only they can know what they meant.
pub(super) fn fix(out: &mut dyn Write) -> anyhow::Result<()> {
    if !matches!(locate::locate(), Ok(None)) {
        return Ok(());
    }
    if !install::python_is_complete() {
        apt::install(&["python3", "python3-venv"], out)?;
    }
    install::install(out).map(drop)
}

fn private_place() -> String {
    let place = locate::Places::from_environment().installation();
    place.map_or_else(
        || "a cache folder (HOME is not set)".to_owned(),
        |folder| folder.display().to_string(),
    )
}
