//! Finds scenario files and names them after their place below the folder that was given.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A scenario file and its name: the path below the given folder, without `.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScenarioFile {
    pub(super) path: PathBuf,
    pub(super) name: String,
}

/// The files that `paths` mean, folders searched for `*.yaml`, in the order of their names.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<ScenarioFile>> {
    let mut files = Vec::new();
    for path in paths {
        let root = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(path)
        };
        collect(path, root, &mut files)?;
    }
    Ok(files)
}

fn collect(path: &Path, root: &Path, files: &mut Vec<ScenarioFile>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(ScenarioFile {
            path: path.to_owned(),
            name: name(path, root),
        });
        return Ok(());
    }
    for path in sorted_entries(path)? {
        if path.is_dir()
            || path
                .extension()
                .is_some_and(|extension| extension == "yaml")
        {
            collect(&path, root, files)?;
        }
    }
    Ok(())
}

fn sorted_entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder `{}`", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path, root: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let parts = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    parts.collect::<Vec<_>>().join("/")
}
