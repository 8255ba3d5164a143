//! `host-runner build`: compiles filter crates to `target/wasm/<package>.wasm` and says how large they are.
//! Whichever toolchain is there does it (see [`toolchain`]); the result is the same kind of module.

pub(crate) mod debian;
mod packages;
mod report;
pub mod toolchain;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use self::packages::{Package, Workspace};
use self::toolchain::{Choice, TARGET};
use crate::listener::ModuleFile;

/// The oldest Rust that compiles this workspace, as `rust-version` in its `Cargo.toml` says.
pub(crate) const MINIMUM_RUST: (u32, u32) = (1, 95);

/// What to build and how.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Package names; none means every filter of the workspace.
    pub names: Vec<String>,
    /// The workspace's `Cargo.toml`; none means the one that cargo finds from the current folder upwards.
    pub manifest_path: Option<PathBuf>,
    /// Which profile.
    pub profile: Profile,
}

/// A profile of the workspace's `Cargo.toml`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// `wasm`: optimised, link-time optimised, without names; what Envoy should run.
    #[default]
    Release,
    /// `wasm-dev`: quicker to compile, and with names, so that a backtrace can be read.
    Dev,
}

/// A compiled module.
#[derive(Debug, Clone)]
pub struct BuiltModule {
    /// The module, where it is now.
    pub module: ModuleFile,
    /// Its size after `gzip -9`, which is about what an image registry transfers.
    pub gzip_size: u64,
}

/// Builds and prints a table of what was built.
///
/// # Errors
/// As [`build`].
pub fn run(options: &BuildOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let modules = build(options)?;
    writeln!(out, "{}", report::table(&modules))?;
    Ok(())
}

/// Compiles the packages, each to `<target folder>/wasm/<package>.wasm`. Cargo's own messages go to standard error.
///
/// # Errors
/// When a name is no filter crate, no toolchain is complete, or the code does not compile.
pub fn build(options: &BuildOptions) -> anyhow::Result<Vec<BuiltModule>> {
    let workspace = Workspace::read(options.manifest_path.as_deref())?;
    let packages = workspace.select(&options.names)?;
    let target_folder = workspace.target_directory.join("guest");
    let compiled = target_folder.join(TARGET).join(options.profile.name());
    let modules = workspace.target_directory.join("wasm");
    let built = packages.into_iter().map(|package| {
        compile(options, package, &target_folder)?;
        collect(package, &compiled, &modules)
    });
    built.collect()
}

/// Each package in a run of its own: built together, they would share features of their dependencies, and a module's
/// bytes, hence its hash, would depend on what else was built.
///
/// Modules have a target folder of their own: what cargo keeps beside them (proc macros and build scripts, under the
/// profile's name `wasm`) would otherwise be mixed into `target/wasm`.
fn compile(options: &BuildOptions, package: &Package, target_folder: &Path) -> anyhow::Result<()> {
    let mut cargo = Choice::from_environment()?.require()?.cargo_build();
    cargo
        .args(["--profile", options.profile.name()])
        .arg("--target-dir")
        .arg(target_folder);
    if let Some(manifest) = &options.manifest_path {
        cargo.arg("--manifest-path").arg(manifest);
    }
    cargo.args(["--package", &package.name]);
    let status = cargo.status().context("cannot run cargo")?;
    match status.success() {
        true => Ok(()),
        false => bail!("cargo could not compile `{}`", package.name),
    }
}

/// Copies a module to where people look for it, unless it is there already.
fn collect(package: &Package, compiled: &Path, modules: &Path) -> anyhow::Result<BuiltModule> {
    let from = compiled.join(package.module_file()?);
    let to = modules.join(format!("{}.wasm", package.name));
    let bytes = std::fs::read(&from)
        .with_context(|| format!("cargo has not written `{}`", from.display()))?;
    if std::fs::read(&to).ok().as_deref() != Some(bytes.as_slice()) {
        write_at_once(&to, &bytes).with_context(|| format!("cannot write `{}`", to.display()))?;
    }
    Ok(BuiltModule {
        gzip_size: report::gzip_size(&bytes)?,
        module: ModuleFile::read(&to)?,
    })
}

/// Whoever reads the file meanwhile sees the old module or the new one, never a part.
fn write_at_once(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().context("it has no folder")?;
    std::fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    std::fs::set_permissions(
        draft.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )?;
    draft.persist(file)?;
    Ok(())
}

/// Whether `rustc 1.95.0 (..)` or `1.95.0` is new enough.
pub(crate) fn is_new_enough(version: &str) -> bool {
    let number = version
        .trim_start_matches("rustc ")
        .trim_start_matches("cargo ");
    let mut parts = number.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= MINIMUM_RUST,
        _ => false,
    }
}

// === impl Profile ===

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "wasm",
            Self::Dev => "wasm-dev",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("rustc 1.95.0 (59807616e 2026-04-14)"));
        assert!(is_new_enough("rustc 1.100.1-nightly (abc 2026-11-01)"));
        assert!(!is_new_enough("cargo 1.85.0"));
        assert!(!is_new_enough("rustc"));
    }

    #[test]
    fn an_unchanged_module_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let package = Package::for_test("my-filter", "my_filter");
        std::fs::write(folder.path().join("my_filter.wasm"), "module").unwrap();
        let modules = folder.path().join("wasm");
        let first = collect(&package, folder.path(), &modules).unwrap();
        let written = std::fs::metadata(&first.module.path)
            .unwrap()
            .modified()
            .unwrap();
        let second = collect(&package, folder.path(), &modules).unwrap();
        assert_eq!(
            std::fs::metadata(&second.module.path)
                .unwrap()
                .modified()
                .unwrap(),
            written
        );
        assert_eq!(second.module.path, modules.join("my-filter.wasm"));
    }
}
