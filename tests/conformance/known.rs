//! The known differences: scripts that something keeps from being the same on both hosts, most of them a limit of hyper.
//!
//! What differs is kept line by line beside the golden transcripts, so that a known difference that changes fails too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use host_runner::yaml::Source;

use super::golden::Golden;
use super::script::Group;

/// Scripts that differ, by `group/name`, each with the reason.
#[derive(Debug, Clone, Default)]
pub struct Known {
    folder: PathBuf,
    reasons: BTreeMap<String, String>,
    differences: BTreeMap<String, Golden>,
}

// === impl Known ===

impl Known {
    /// Reads `known.yaml` and what is kept of each difference.
    ///
    /// # Errors
    /// When a file cannot be read, or names a script that is not there.
    pub fn read(folder: &Path, groups: &[Group]) -> anyhow::Result<Self> {
        let file = folder.join("known.yaml");
        let reasons: BTreeMap<String, String> = Source::read(&file)?
            .parse_only()
            .with_context(|| format!("in `{}`", file.display()))?;
        let folder = folder.join("known");
        let mut differences = BTreeMap::new();
        for group in groups {
            differences.insert(group.name.clone(), Golden::read(&folder, &group.name)?);
        }
        let known = Self {
            folder,
            reasons,
            differences,
        };
        known.check(groups)?;
        Ok(known)
    }

    fn check(&self, groups: &[Group]) -> anyhow::Result<()> {
        let is_there = |id: &str| {
            let (group, name) = id.split_once('/').unwrap_or_default();
            let mut scripts = groups
                .iter()
                .filter(|it| it.name == group)
                .flat_map(|it| &it.scripts);
            scripts.any(|script| script.name == name)
        };
        let gone: Vec<_> = self.reasons.keys().filter(|id| !is_there(id)).collect();
        ensure!(
            gone.is_empty(),
            "known.yaml names scripts that are not there: {gone:?}"
        );
        Ok(())
    }

    /// Whether a script's difference is known.
    #[must_use]
    pub fn has(&self, group: &str, script: &str) -> bool {
        self.reasons.contains_key(&format!("{group}/{script}"))
    }

    /// What is kept of a script's difference.
    #[must_use]
    pub fn difference(&self, group: &str, script: &str) -> &[String] {
        let golden = self.differences.get(group);
        let kept = golden.and_then(|golden| golden.get(script));
        kept.map_or(&[], |kept| kept.0.as_slice())
    }

    /// Keeps what a script's difference is now, if it is a known one.
    pub fn set(&mut self, group: &str, script: &str, difference: super::Transcript) {
        if self.has(group, script) {
            let golden = self.differences.entry(group.to_owned()).or_default();
            golden.set(script, difference);
        }
    }

    /// Writes what is kept, without what is no longer known.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self) -> anyhow::Result<()> {
        for (group, golden) in &self.differences {
            let mut golden = golden.clone();
            golden.retain(|script| self.has(group, script));
            golden.write(&self.folder, group)?;
        }
        Ok(())
    }
}
