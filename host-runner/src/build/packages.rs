//! The filter crates of a workspace, found through `cargo metadata`.
//! A filter is a package that compiles to a `cdylib`. Where there is a `filters` folder, only those inside it are built
//! without being asked for by name.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::command::capture;

/// What `cargo metadata` says of a workspace, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    pub(super) target_directory: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// Names as a sentence has them.
pub(super) fn names(packages: &[&Package]) -> String {
    let names: Vec<_> = packages
        .iter()
        .map(|package| format!("`{}`", package.name))
        .collect();
    names.join(", ")
}

// === impl Workspace ===

impl Workspace {
    pub(super) fn read(manifest: Option<&Path>) -> anyhow::Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(manifest) = manifest {
            cargo.arg("--manifest-path").arg(manifest);
        }
        let metadata = capture(&mut std::io::sink(), &mut cargo)
            .context("cannot find out what there is to build")?;
        serde_json::from_str(&metadata).context("cannot read what `cargo metadata` says")
    }

    /// The packages of these names, or all filters.
    pub(super) fn select(&self, wanted: &[String]) -> anyhow::Result<Vec<&Package>> {
        let filters = self.filters();
        let by_name = |name: &String| match self.modules().find(|it| it.name == *name) {
            Some(package) => Ok(package),
            None => bail!(
                "`{name}` is no filter crate of this workspace: there are {}",
                names(&filters)
            ),
        };
        match (filters.as_slice(), wanted) {
            ([], _) => bail!(
                "no filter crate (with crate type `cdylib`) in `{}`",
                self.workspace_root.display()
            ),
            (_, []) => Ok(filters),
            (_, wanted) => wanted.iter().map(by_name).collect(),
        }
    }

    fn filters(&self) -> Vec<&Package> {
        let folder = self.workspace_root.join("filters");
        match folder.is_dir() {
            true => self
                .modules()
                .filter(|package| package.manifest_path.starts_with(&folder))
                .collect(),
            false => self.modules().collect(),
        }
    }

    fn modules(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| package.module().is_some())
    }
}

// === impl Package ===

impl Package {
    /// The file name of its module, which cargo derives from the library's name.
    pub(super) fn module_file(&self) -> anyhow::Result<String> {
        let target = self
            .module()
            .with_context(|| format!("`{}` is no filter crate", self.name))?;
        Ok(format!("{}.wasm", target.name.replace('-', "_")))
    }

    fn module(&self) -> Option<&Target> {
        self.targets
            .iter()
            .find(|target| target.crate_types.iter().any(|it| it == "cdylib"))
    }

    #[cfg(test)]
    pub(super) fn for_test(name: &str, library: &str) -> Self {
        let target = Target {
            name: library.to_owned(),
            crate_types: vec!["cdylib".to_owned()],
        };
        Self {
            name: name.to_owned(),
            manifest_path: PathBuf::new(),
            targets: vec![target],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(root: &Path, packages: &[(&str, &str, &str)]) -> Workspace {
        let package = |(name, folder, crate_type): &(&str, &str, &str)| Package {
            name: (*name).to_owned(),
            manifest_path: root.join(folder).join("Cargo.toml"),
            targets: vec![Target {
                name: name.replace('-', "_"),
                crate_types: vec![(*crate_type).to_owned()],
            }],
        };
        Workspace {
            packages: packages.iter().map(package).collect(),
            workspace_root: root.to_owned(),
            target_directory: root.join("target"),
        }
    }

    fn selected(workspace: &Workspace, wanted: &[&str]) -> Result<Vec<String>, String> {
        let wanted: Vec<_> = wanted.iter().map(|&name| name.to_owned()).collect();
        let packages = workspace
            .select(&wanted)
            .map_err(|error| error.to_string())?;
        Ok(packages
            .into_iter()
            .map(|package| package.name.clone())
            .collect())
    }

    #[test]
    fn filters_are_the_cdylibs_in_the_filters_folder() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("filters")).unwrap();
        let packages = [
            ("authz", "filters/authz", "cdylib"),
            ("policy-authz", "filters/policy/authz", "lib"),
            ("template", "sdk/template", "cdylib"),
        ];
        let workspace = workspace(root.path(), &packages);
        assert_eq!(selected(&workspace, &[]).unwrap(), ["authz"]);
        assert_eq!(selected(&workspace, &["template"]).unwrap(), ["template"]);
        let error = selected(&workspace, &["policy-authz"]).unwrap_err();
        assert_eq!(
            error,
            "`policy-authz` is no filter crate of this workspace: there are `authz`"
        );
    }

    #[test]
    fn elsewhere_every_cdylib_is_a_filter() {
        let root = tempfile::tempdir().unwrap();
        let workspace = workspace(
            root.path(),
            &[("my-filter", ".", "cdylib"), ("tool", "tool", "bin")],
        );
        assert_eq!(selected(&workspace, &["my-filter"]).unwrap(), ["my-filter"]);
    }

    #[test]
    fn a_workspace_without_filters_says_so() {
        let root = tempfile::tempdir().unwrap();
        let error = selected(&workspace(root.path(), &[]), &[]).unwrap_err();
        assert!(
            error.starts_with("no filter crate (with crate type `cdylib`) in "),
            "{error}"
        );
    }

    #[test]
    fn a_module_file_is_named_after_the_library() {
        assert_eq!(
            Package::for_test("jwt-auth", "jwt_auth")
                .module_file()
                .unwrap(),
            "jwt_auth.wasm"
        );
    }
}
