//! Which toolchain compiles modules: the rustc at hand when it has the wasm32-wasip1 standard library (rustup's, as a
//! rule), else Debian's packages, which build that library from source.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::debian;
use crate::command::ask;

/// The target of all modules: WASI preview 1, whose calls every Proxy-Wasm host knows.
pub const TARGET: &str = "wasm32-wasip1";

/// Overrides the choice: `rustup`, `debian` or `auto` (the default).
pub const TOOLCHAIN_VARIABLE: &str = "MESHWRIGHT_WASM_TOOLCHAIN";

/// A way to compile modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasmToolchain {
    /// `cargo` and `rustc` as they are on `PATH`, with a precompiled standard library.
    Rustup,
    /// Debian's `cargo-web` and friends, with a standard library compiled along.
    Debian,
}

/// Which of them may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Whichever is there, rustup's first.
    Auto,
    /// Only this one.
    Only(WasmToolchain),
}

// === impl Choice ===

impl Choice {
    /// What the environment asks for.
    ///
    /// # Errors
    /// When [`TOOLCHAIN_VARIABLE`] has another value than the three.
    pub fn from_environment() -> anyhow::Result<Self> {
        let value = std::env::var_os(TOOLCHAIN_VARIABLE).unwrap_or_default();
        Self::parse(&value.to_string_lossy())
    }

    fn parse(value: &str) -> anyhow::Result<Self> {
        match value {
            "" | "auto" => Ok(Self::Auto),
            "rustup" => Ok(Self::Only(WasmToolchain::Rustup)),
            "debian" => Ok(Self::Only(WasmToolchain::Debian)),
            other => {
                bail!("{TOOLCHAIN_VARIABLE} is `{other}`: expected `rustup`, `debian` or `auto`")
            }
        }
    }

    /// Whether this toolchain may be used.
    #[must_use]
    pub fn allows(self, toolchain: WasmToolchain) -> bool {
        matches!(self, Self::Auto) || self == Self::Only(toolchain)
    }

    /// The toolchain to use, if one is complete.
    #[must_use]
    pub fn find(self) -> Option<WasmToolchain> {
        let complete = |it: &WasmToolchain| self.allows(*it) && it.is_complete();
        [WasmToolchain::Rustup, WasmToolchain::Debian]
            .into_iter()
            .find(complete)
    }

    /// The toolchain to use.
    ///
    /// # Errors
    /// When none is complete, with what to do about it.
    pub fn require(self) -> anyhow::Result<WasmToolchain> {
        self.find().with_context(|| {
            format!("nothing here compiles for {TARGET}: `host-runner doctor --fix rust` installs what is missing")
        })
    }
}

// === impl WasmToolchain ===

impl WasmToolchain {
    fn is_complete(self) -> bool {
        match self {
            Self::Rustup => standard_library().is_some(),
            Self::Debian => debian::missing_packages().is_empty(),
        }
    }

    /// `cargo build --target wasm32-wasip1` through this toolchain, to be completed with what to build.
    #[must_use]
    pub fn cargo_build(self) -> Command {
        let mut cargo = match self {
            Self::Rustup => Command::new("cargo"),
            Self::Debian => debian::cargo(),
        };
        // Flags meant for this machine, such as `-Ctarget-cpu=native`, would end up in the modules.
        cargo
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.args(["build", "--target", TARGET]);
        if self == Self::Debian {
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        cargo
    }
}

/// The folder of the precompiled standard library of the rustc at hand.
pub(crate) fn standard_library() -> Option<PathBuf> {
    let folder = PathBuf::from(ask(
        "rustc",
        &["--print", "target-libdir", "--target", TARGET],
    )?);
    holds_std(&folder).then_some(folder)
}

fn holds_std(folder: &Path) -> bool {
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_str().is_some_and(is_std))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_one_of_three_words() {
        assert_eq!(Choice::parse("").unwrap(), Choice::Auto);
        assert_eq!(
            Choice::parse("debian").unwrap(),
            Choice::Only(WasmToolchain::Debian)
        );
        let error = Choice::parse("nix").unwrap_err().to_string();
        assert_eq!(
            error,
            "MESHWRIGHT_WASM_TOOLCHAIN is `nix`: expected `rustup`, `debian` or `auto`"
        );
    }

    #[test]
    fn choosing_one_excludes_the_other() {
        let choice = Choice::Only(WasmToolchain::Debian);
        assert!(choice.allows(WasmToolchain::Debian) && !choice.allows(WasmToolchain::Rustup));
    }

    #[test]
    fn a_folder_without_std_is_no_standard_library() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("libcore-1.rlib"), "").unwrap();
        assert!(!holds_std(folder.path()));
        std::fs::write(folder.path().join("libstd-1.rlib"), "").unwrap();
        assert!(holds_std(folder.path()));
    }

    #[test]
    fn flags_for_this_machine_stay_out_of_modules() {
        let command = WasmToolchain::Rustup.cargo_build();
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
            .collect();
        assert!(removed.contains(&"RUSTFLAGS".as_ref()));
    }
}
