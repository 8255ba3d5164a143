//! What the tests share: where the project is, and its modules, built.
//!
//! The tests themselves are in `tests/`, scenarios in `scenarios/`, the filters that only tests load in `subjects/` and,
//! those in other languages, in `languages/`.

pub mod conformance;
mod languages;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use host_runner::build::{BuildOptions, build};

pub use self::languages::build_languages;

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Compiles the filters and the subjects, and returns the folder of their modules.
///
/// # Errors
/// When the toolchain is incomplete (`host-runner doctor --fix` completes it) or the code does not compile.
pub fn build_modules() -> anyhow::Result<PathBuf> {
    let manifest_path = Some(root().join("Cargo.toml"));
    let mut names = vec![
        "jwt-auth".to_owned(),
        "authz".to_owned(),
        "ab-router".to_owned(),
    ];
    for subject in std::fs::read_dir(root().join("tests/subjects"))? {
        names.push(subject?.file_name().to_string_lossy().into_owned());
    }
    let options = BuildOptions {
        names,
        manifest_path,
        ..BuildOptions::default()
    };
    let built = build(&options)?;
    let folder = built.first().and_then(|first| first.module.path.parent());
    Ok(folder.context("there are filters")?.to_owned())
}
