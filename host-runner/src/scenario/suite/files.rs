//! Finds scenario files and names them after their place below the folder that holds all that was given.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A scenario file and its name: the path below the common folder, without `.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScenarioFile {
    pub(super) path: PathBuf,
    pub(super) name: String,
}

/// The files that `paths` mean, folders searched for `*.yaml`, in the order of their names.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<ScenarioFile>> {
    let root = common_folder(paths)?;
    let mut files = Vec::new();
    for path in paths {
        collect(path, &root, &mut files)?;
    }
    Ok(files)
}

// The deepest folder that holds everything that was given, so that names are short and still differ.
fn common_folder(paths: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let mut common: Option<PathBuf> = None;
    for path in paths {
        let path = absolute(path)?;
        let folder = match path.is_dir() {
            true => path,
            false => path.parent().map(Path::to_owned).unwrap_or_default(),
        };
        common = Some(match common {
            Some(common) => shared_part(&common, &folder),
            None => folder,
        });
    }
    Ok(common.unwrap_or_default())
}

fn shared_part(one: &Path, other: &Path) -> PathBuf {
    let pairs = one.components().zip(other.components());
    pairs.map_while(|(a, b)| (a == b).then_some(a)).collect()
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot read `{}`", path.display()))
}

fn collect(path: &Path, root: &Path, files: &mut Vec<ScenarioFile>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(ScenarioFile {
            path: path.to_owned(),
            name: name(&absolute(path)?, root),
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
