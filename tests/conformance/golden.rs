//! Golden transcripts: what Envoy said to each script of a group, in one file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::observe::Transcript;

/// The golden transcripts of one group, by script name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Golden(BTreeMap<String, Transcript>);

const HEADING: &str = "== ";

// === impl Golden ===

impl Golden {
    /// Reads those of a group; none when there is no file yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(folder: &Path, group: &str) -> anyhow::Result<Self> {
        let file = file(folder, group);
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        let mut golden = Self::default();
        let mut current: Option<&mut Transcript> = None;
        for line in text.lines() {
            match (line.strip_prefix(HEADING), &mut current) {
                (Some(name), _) => current = Some(golden.0.entry(name.to_owned()).or_default()),
                (None, Some(transcript)) => transcript.0.push(line.to_owned()),
                (None, None) => {}
            }
        }
        Ok(golden)
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path, group: &str) -> anyhow::Result<()> {
        let mut text = String::new();
        for (name, transcript) in &self.0 {
            write!(text, "{HEADING}{name}\n{transcript}")?;
        }
        std::fs::create_dir_all(folder)?;
        let file = file(folder, group);
        std::fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// What Envoy said to that script.
    #[must_use]
    pub fn get(&self, script: &str) -> Option<&Transcript> {
        self.0.get(script)
    }

    /// Keeps what Envoy said.
    pub fn set(&mut self, script: &str, transcript: Transcript) {
        self.0.insert(script.to_owned(), transcript);
    }

    /// Forgets the scripts that are not wanted.
    pub fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|script, _| wanted(script));
    }
}

fn file(folder: &Path, group: &str) -> PathBuf {
    folder.join(format!("{group}.log"))
}
