//! Which rules of the host reference have a script, and why the others have none.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use host_runner::yaml::Source;
use serde::Deserialize;

use super::script::Group;

/// The rule ids, and those that no script can show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Every rule id, with what it says in a few words.
    pub rules: BTreeMap<String, String>,
    /// Why a rule has no script.
    pub unobservable: BTreeMap<String, String>,
    /// Rules that another kind of test shows, and which.
    pub elsewhere: BTreeMap<String, String>,
}

// === impl Rules ===

impl Rules {
    /// Reads `rules.yaml`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("rules.yaml");
        Source::read(&file)?
            .parse_only()
            .with_context(|| format!("in `{}`", file.display()))
    }

    /// Checks that each rule has a script or a reason, and that each script names known rules.
    ///
    /// # Errors
    /// When one has neither, or both, or a script names a rule that is not there.
    pub fn check(&self, groups: &[Group]) -> anyhow::Result<()> {
        let scripts = groups.iter().flat_map(|group| &group.scripts);
        let shown: Vec<&String> = scripts.clone().flat_map(|script| &script.rules).collect();
        let unknown: Vec<_> = shown
            .iter()
            .filter(|rule| !self.rules.contains_key(**rule))
            .collect();
        ensure!(
            unknown.is_empty(),
            "scripts name rules that are not in rules.yaml: {unknown:?}"
        );
        let nameless: Vec<_> = scripts
            .filter(|script| script.rules.is_empty())
            .map(|it| &it.name)
            .collect();
        ensure!(
            nameless.is_empty(),
            "scripts that name no rule: {nameless:?}"
        );
        let explained = |rule: &String| {
            self.unobservable.contains_key(rule) || self.elsewhere.contains_key(rule)
        };
        let missing = self
            .rules
            .keys()
            .filter(|rule| !shown.contains(rule) && !explained(rule));
        let missing: Vec<_> = missing.collect();
        ensure!(
            missing.is_empty(),
            "rules without a script or a reason: {missing:?}"
        );
        let both: Vec<_> = self
            .unobservable
            .keys()
            .filter(|rule| shown.contains(rule))
            .collect();
        ensure!(
            both.is_empty(),
            "rules called unobservable that have a script: {both:?}"
        );
        Ok(())
    }
}
