//! What the tests share: where the project is, and its modules, built.
//!
//! The tests themselves are in `tests/`, scenarios in `scenarios/`, the filters that only tests load in `subjects/` and,
//! those in other languages, in `languages/`.

pub mod conformance;
pub mod jwt_diff;
mod languages;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use host_runner::build::{BuildOptions, build};
use host_runner::listener::ModuleFile;

pub use self::languages::build_languages;

const FILTERS: [&str; 3] = ["jwt-auth", "authz", "ab-router"];

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
    let mut names = FILTERS.map(str::to_owned).to_vec();
    for folder in ["tests/subjects", "sdk/cookbook"] {
        names.extend(packages(folder)?);
    }
    let first = build_named(names)?;
    let folder = first.path.parent();
    Ok(folder.context("there are filters")?.to_owned())
}

/// The names of all filters that are written with the SDK.
///
/// # Errors
/// When a folder cannot be read.
pub fn sdk_filters() -> anyhow::Result<Vec<String>> {
    let mut names = FILTERS.map(str::to_owned).to_vec();
    names.extend(packages("sdk/cookbook")?);
    for name in packages("tests/subjects")? {
        let manifest = root().join("tests/subjects").join(&name).join("Cargo.toml");
        if std::fs::read_to_string(manifest)?.contains("meshwright.workspace") {
            names.push(name);
        }
    }
    Ok(names)
}

// Each has a folder of its name.
fn packages(folder: &str) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(root().join(folder))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<anyhow::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Compiles one of them.
///
/// # Errors
/// As [`build_modules`].
pub fn build_module(name: &str) -> anyhow::Result<ModuleFile> {
    build_named(vec![name.to_owned()])
}

// The first of them.
fn build_named(names: Vec<String>) -> anyhow::Result<ModuleFile> {
    let options = BuildOptions {
        names,
        manifest_path: Some(root().join("Cargo.toml")),
        ..BuildOptions::default()
    };
    let built = build(&options)?;
    let first = built.into_iter().next();
    Ok(first.context("there are filters")?.module)
}
