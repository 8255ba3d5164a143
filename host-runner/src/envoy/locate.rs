//! Which Envoy: `ENVOY_BIN`, else `envoy` on `PATH`, else the one that `doctor --fix` installed for us alone.
//! One of another version is used all the same, because somebody chose it, but it is never passed off as ours.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::VERSION;

/// An Envoy on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The executable.
    pub path: PathBuf,
    /// What it says its version is, such as `1.40.0`.
    pub version: String,
    /// How it was found.
    pub origin: Origin,
}

/// How an Envoy was found, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The environment variable `ENVOY_BIN` names it.
    EnvoyBin,
    /// It is called `envoy` in a folder of `PATH`.
    Path,
    /// `doctor --fix` installed it.
    Private,
}

/// The places to look in, taken from the environment once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    envoy_bin: Option<OsString>,
    path: Option<OsString>,
    meshwright_home: Option<OsString>,
    xdg_cache_home: Option<OsString>,
    home: Option<OsString>,
}

/// The Envoy to use, if there is one.
///
/// # Errors
/// When the one that `ENVOY_BIN` or `PATH` names does not run, or does not say its version.
pub fn locate() -> anyhow::Result<Option<Located>> {
    Places::from_environment().locate()
}

/// The Envoy to use.
///
/// # Errors
/// When there is none, with what to do about it; and as [`locate`].
pub fn require() -> anyhow::Result<Located> {
    locate()?
        .with_context(|| format!("no Envoy {VERSION} found: run `host-runner doctor --fix envoy`"))
}

/// The version in the output of `envoy --version`, `<path>  version: <commit>/<version>/<state>/<build>/<tls>`.
fn version_in(output: &str) -> Option<&str> {
    output.split_once("version: ")?.1.split('/').nth(1)
}

fn ask_version(envoy: &Path) -> anyhow::Result<String> {
    let output = Command::new(envoy).arg("--version").output();
    let output = output.with_context(|| format!("cannot run `{}`", envoy.display()))?;
    match version_in(&String::from_utf8_lossy(&output.stdout)) {
        Some(version) => Ok(version.to_owned()),
        None => bail!(
            "`{} --version` does not answer as Envoy does",
            envoy.display()
        ),
    }
}

// === impl Located ===

impl Located {
    /// Whether it is the version that host-runner behaves as.
    #[must_use]
    pub fn is_expected_version(&self) -> bool {
        self.version == VERSION
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::EnvoyBin => "named by ENVOY_BIN",
            Origin::Path => "found on PATH",
            Origin::Private => "installed by `host-runner doctor --fix`",
        };
        write!(
            f,
            "Envoy {} at {}, {origin}",
            self.version,
            self.path.display()
        )?;
        match self.is_expected_version() {
            true => Ok(()),
            false => write!(f, "; not {VERSION}, so its answers may differ"),
        }
    }
}

// === impl Places ===

impl Places {
    pub(crate) fn from_environment() -> Self {
        // An empty variable is an unset one, as the XDG base directory specification has it.
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            envoy_bin: var("ENVOY_BIN"),
            path: var("PATH"),
            meshwright_home: var("MESHWRIGHT_HOME"),
            xdg_cache_home: var("XDG_CACHE_HOME"),
            home: var("HOME"),
        }
    }

    pub(crate) fn locate(&self) -> anyhow::Result<Option<Located>> {
        let Some((path, origin)) = self.candidate() else {
            return Ok(None);
        };
        let version = ask_version(&path)?;
        Ok(Some(Located {
            path,
            version,
            origin,
        }))
    }

    fn candidate(&self) -> Option<(PathBuf, Origin)> {
        let named = self
            .envoy_bin
            .as_ref()
            .map(|path| (PathBuf::from(path), Origin::EnvoyBin));
        let on_path = || self.on_path().map(|path| (path, Origin::Path));
        let private = || self.private_envoy().map(|path| (path, Origin::Private));
        named.or_else(on_path).or_else(private)
    }

    fn on_path(&self) -> Option<PathBuf> {
        std::env::split_paths(self.path.as_ref()?)
            .map(|folder| folder.join("envoy"))
            .find(|file| file.is_file())
    }

    fn private_envoy(&self) -> Option<PathBuf> {
        self.installation()
            .map(|folder| executable_in(&folder))
            .filter(|file| file.is_file())
    }

    /// The folder of our own installation, whether it is there yet or not.
    pub(crate) fn installation(&self) -> Option<PathBuf> {
        Some(self.home()?.join(format!("envoy-{VERSION}")))
    }

    /// Our folder in the user's cache, whether it is there yet or not.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        match (&self.meshwright_home, &self.xdg_cache_home, &self.home) {
            (Some(home), _, _) => Some(PathBuf::from(home)),
            (None, Some(cache), _) => Some(Path::new(cache).join("meshwright")),
            (None, None, Some(home)) => Some(Path::new(home).join(".cache").join("meshwright")),
            (None, None, None) => None,
        }
    }
}

/// The executable inside an installation.
pub(crate) fn executable_in(installation: &Path) -> PathBuf {
    installation.join("bin").join("envoy")
}

#[cfg(test)]
mod tests;
