//! Whether Rust code can be compiled here, for this machine and for modules: compilers, standard library, linkers.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::{Diagnosis, apt};
use crate::build::toolchain::{Choice, TARGET, WasmToolchain, standard_library};
use crate::build::{MINIMUM_RUST, debian, is_new_enough};
use crate::command::{ask, run};

const COMPILER: &str = "Rust";
const STANDARD_LIBRARY: &str = "standard library for modules";
const HOST_LINKER: &str = "linker for this machine";
const MODULE_LINKER: &str = "linker for modules";
const FIX: &str = "`host-runner doctor --fix rust`";

pub(super) fn diagnose() -> Vec<Diagnosis> {
    let mut diagnoses = vec![compiler(), host_linker()];
    match Choice::from_environment() {
        Ok(choice) => diagnoses.extend(module_toolchain(choice)),
        Err(error) => diagnoses.push(Diagnosis::missing(
            STANDARD_LIBRARY,
            error.to_string(),
            "correct or unset it",
        )),
    }
    diagnoses
}

/// Installs what is missing but cargo and rustc, without which host-runner would not be running.
pub(super) fn fix(out: &mut dyn Write) -> anyhow::Result<()> {
    if !host_linker().is_there() {
        apt::install(&["gcc", "libc6-dev"], out)?;
    }
    let choice = Choice::from_environment()?;
    match choice.find() {
        Some(_) => Ok(()),
        None => install_toolchain(choice, out),
    }
}

/// rustup first, because it needs no rights and no compiling; then Debian's packages.
fn install_toolchain(choice: Choice, out: &mut dyn Write) -> anyhow::Result<()> {
    if choice.allows(WasmToolchain::Rustup) {
        match run(out, Command::new("rustup").args(["target", "add", TARGET])) {
            Err(error) if choice.allows(WasmToolchain::Debian) => {
                writeln!(out, "{error:#}; trying Debian's packages")?;
            }
            added => return added.context("cannot install the standard library for modules"),
        }
    }
    apt::install(&debian::missing_packages(), out)
}

fn compiler() -> Diagnosis {
    let (major, minor) = MINIMUM_RUST;
    let versions = (ask("rustc", &["--version"]), ask("cargo", &["--version"]));
    let remedy =
        format!("install Rust {major}.{minor} or newer from https://rustup.rs, or `rustup update`");
    match versions {
        (Some(rustc), Some(cargo)) if is_new_enough(&rustc) => {
            Diagnosis::present(COMPILER, format!("{rustc}, {cargo}"))
        }
        (Some(rustc), Some(_)) => {
            Diagnosis::missing(COMPILER, format!("{rustc} is too old"), remedy)
        }
        (Some(_), None) => Diagnosis::missing(COMPILER, "cargo does not run", remedy),
        (None, _) => Diagnosis::missing(COMPILER, "rustc does not run", remedy),
    }
}

fn host_linker() -> Diagnosis {
    match ask("cc", &["--version"]) {
        Some(version) => Diagnosis::present(HOST_LINKER, version.lines().next().unwrap_or("cc")),
        None => Diagnosis::missing(
            HOST_LINKER,
            "`cc` does not run",
            format!("{FIX}, or install gcc or clang"),
        ),
    }
}

fn module_toolchain(choice: Choice) -> Vec<Diagnosis> {
    match choice.find() {
        Some(WasmToolchain::Rustup) => vec![rustup_library(), rustup_linker()],
        Some(WasmToolchain::Debian) => vec![
            Diagnosis::present(
                STANDARD_LIBRARY,
                "compiled from the source in Debian's rust-web-src",
            ),
            Diagnosis::present(MODULE_LINKER, debian::LINKER),
        ],
        None => vec![no_toolchain(choice)],
    }
}

fn rustup_library() -> Diagnosis {
    let folder = standard_library().unwrap_or_default();
    Diagnosis::present(
        STANDARD_LIBRARY,
        format!("{TARGET} in {}", folder.display()),
    )
}

fn rustup_linker() -> Diagnosis {
    match bundled_linker() {
        Some(file) => Diagnosis::present(MODULE_LINKER, file.display().to_string()),
        None => Diagnosis::missing(
            MODULE_LINKER,
            "this Rust comes without rust-lld",
            "install Rust through rustup",
        ),
    }
}

/// The linker that rustc uses for Wasm unless told otherwise; it comes with rustup's toolchains.
fn bundled_linker() -> Option<PathBuf> {
    let sysroot = ask("rustc", &["--print", "sysroot"])?;
    let about = ask("rustc", &["-vV"])?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "))?;
    let file = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    file.is_file().then_some(file)
}

fn no_toolchain(choice: Choice) -> Diagnosis {
    let debian = format!("Debian's packages {}", debian::missing_packages().join(" "));
    let problem = match choice {
        Choice::Auto => format!("rustc has none for {TARGET}, and {debian} are missing"),
        Choice::Only(WasmToolchain::Rustup) => format!("rustc has none for {TARGET}"),
        Choice::Only(WasmToolchain::Debian) => format!("{debian} are missing"),
    };
    Diagnosis::missing(STANDARD_LIBRARY, problem, format!("{FIX} installs it"))
}
