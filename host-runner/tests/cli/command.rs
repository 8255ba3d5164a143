//! Running host-runner in a folder, and looking at how it ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use host_runner::build::{BuildOptions, build};
use tempfile::TempDir;

pub(crate) const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/bookinfo");

/// How the command ended, as a person at a terminal sees it.
pub(crate) struct Seen {
    code: Option<i32>,
    pub(crate) text: String,
}

/// A folder with files in it, in which the command runs.
pub(crate) struct Folder(TempDir);

// === impl Folder ===

impl Folder {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A copy of the demo mesh, with one piece of its text replaced, listening on any free port.
    pub(crate) fn with_mesh(from: &str, to: &str) -> Self {
        let mesh = fs::read_to_string(format!("{DEMO}/mesh.yaml")).unwrap();
        assert!(mesh.contains(from), "the demo mesh has no `{from}`");
        let mesh = mesh.replace(from, to);
        Self::with(&[("mesh.yaml", mesh.as_bytes())])
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Seen {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
        let Output {
            status,
            stdout,
            stderr,
        } = command
            .args(arguments)
            .current_dir(self.0.path())
            // Where modules are looked for is up to the folder.
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        );
        Seen {
            code: status.code(),
            text,
        }
    }
}

// === impl Seen ===

impl Seen {
    #[track_caller]
    pub(crate) fn has(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no `{part}` in:\n{}", self.text);
        }
    }
}

/// All modules that the tests of commands run.
const MODULES_USED: [&str; 7] = [
    "jwt-auth",
    "authz",
    "ab-router",
    "rate-limit",
    "echo-path",
    "tcp-gate",
    "probe",
];

/// The folder of our modules, compiled once.
pub(crate) fn modules() -> &'static str {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    let folder = MODULES.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let options = BuildOptions {
            names: MODULES_USED.map(str::to_owned).to_vec(),
            manifest_path: Some(manifest),
            ..BuildOptions::default()
        };
        let built = build(&options).unwrap();
        built
            .first()
            .unwrap()
            .module
            .path
            .parent()
            .unwrap()
            .to_owned()
    });
    folder.to_str().unwrap()
}

pub(crate) fn scenario(configuration: &str, expect: &str) -> String {
    format!(
        "plugins:\n- module: authz\n  configuration: {configuration}\n\
         cases:\n- name: a GET passes\n  request: {{path: /}}\n  expect: {{{expect}}}\n"
    )
}

pub(crate) const ALLOW_ALL: &str = "{policies: [{name: all, namespace: default, rules: [{}]}]}";
