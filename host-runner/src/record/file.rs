//! The scenario file: written aside and renamed, so that it is there whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::case::Case;
use super::session::RecordOptions;
use super::text::quoted;

/// The file, and the cases that it is to have.
#[derive(Debug)]
pub(super) struct ScenarioFile {
    path: PathBuf,
    folder: PathBuf,
    /// As the scenario names it, relative to itself.
    mesh: String,
    replace: bool,
    clock: SystemTime,
    cases: Vec<String>,
}

// === impl ScenarioFile ===

impl ScenarioFile {
    pub(super) fn new(options: &RecordOptions) -> anyhow::Result<Self> {
        let path = std::path::absolute(&options.out)?;
        let shown = options.out.display();
        if !options.force && path.exists() {
            bail!("`{shown}` is there already; `--force` replaces it");
        }
        let folder = path.parent().context("it names no file")?;
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot write `{shown}`"))?;
        let mesh = options.mesh.canonicalize();
        let mesh = mesh.with_context(|| format!("cannot find `{}`", options.mesh.display()))?;
        Ok(Self {
            mesh: relative(&folder, &mesh)
                .to_str()
                .context("the mesh has a path that is no text")?
                .to_owned(),
            path,
            folder,
            replace: options.force,
            clock: SystemTime::UNIX_EPOCH,
            cases: Vec::new(),
        })
    }

    pub(super) fn cases(&self) -> usize {
        self.cases.len()
    }

    /// One more case. The file's clock is that of its last request: tokens that were made meanwhile are good by then.
    pub(super) fn add(&mut self, case: &Case, at: SystemTime) {
        self.clock = self.clock.max(at);
        self.cases.push(case.yaml(self.cases.len() + 1));
    }

    pub(super) fn write(&mut self) -> anyhow::Result<()> {
        let cannot = || format!("cannot write `{}`", self.path.display());
        let mut draft = tempfile::NamedTempFile::new_in(&self.folder).with_context(cannot)?;
        draft
            .write_all(self.text()?.as_bytes())
            .with_context(cannot)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(draft.path(), readable).with_context(cannot)?;
        match self.replace {
            true => draft.persist(&self.path),
            false => draft.persist_noclobber(&self.path),
        }
        .with_context(cannot)?;
        // From now on it is ours.
        self.replace = true;
        Ok(())
    }

    fn text(&self) -> anyhow::Result<String> {
        let seconds = self.clock.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let clock = Timestamp::from_second(i64::try_from(seconds)?)?;
        Ok(format!(
            "description: Recorded by `host-runner record`.\nmesh: {}\n\
             # When the last of these requests came: tokens are judged by this clock.\nclock: {clock}\n\ncases:\n{}",
            quoted(&self.mesh),
            self.cases.join("\n"),
        ))
    }
}

// The way from a folder to a file, both absolute.
fn relative(folder: &Path, file: &Path) -> PathBuf {
    let common = folder
        .components()
        .zip(file.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder.components().skip(common).map(|_| "..");
    let down = file.components().skip(common);
    up.map(PathBuf::from)
        .chain(down.map(|part| PathBuf::from(part.as_os_str())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_is_named_relative_to_the_scenario() {
        for (folder, file, expected) in [
            ("/a/b", "/a/b/mesh.yaml", "mesh.yaml"),
            ("/a/b/c", "/a/mesh.yaml", "../../mesh.yaml"),
            ("/a/b", "/a/c/mesh.yaml", "../c/mesh.yaml"),
        ] {
            assert_eq!(
                relative(Path::new(folder), Path::new(file)),
                Path::new(expected)
            );
        }
    }
}
