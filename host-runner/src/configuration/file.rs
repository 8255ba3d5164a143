//! A configuration in a file, and where in it a plugin's complaint is at home.

use std::path::Path;

use anyhow::{Context as _, bail};
use meshwright_core::ConfigError;
use serde_json::Value;

use super::{Configuration, Form};
use crate::yaml::{Document, Source};

/// A file and what it says. One that ends in `.yaml` or `.yml` is JSON for the plugin; any other is handed over as it is,
/// unless it is to be a `Struct`.
#[derive(Debug)]
pub(crate) struct ConfigurationFile {
    source: Source,
    configuration: Configuration,
    is_as_it_was: bool,
}

// === impl ConfigurationFile ===

impl ConfigurationFile {
    /// Reads it.
    pub(crate) fn read(path: &Path, form: Form) -> anyhow::Result<Self> {
        let source = Source::read(path).context("the configuration")?;
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        let configuration = match (form, is_yaml) {
            (Form::Text, false) => source.text().into(),
            (Form::Text, true) => source.only_document()?.value()?.to_string().into(),
            (Form::Struct, _) => match source.only_document()?.value()? {
                Value::Object(members) => Configuration::Struct(members),
                _ => bail!(source.only_document()?.error_at_start(Form::NO_MAPPING)),
            },
        };
        Ok(Self {
            source,
            configuration,
            is_as_it_was: form == Form::Text && !is_yaml,
        })
    }

    /// What it says.
    pub(crate) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The plugin's own words, with file, line and column where they name a place.
    pub(crate) fn located(&self, said: &str) -> String {
        let (said, place) = without_place(said);
        let document = self.source.only_document().ok();
        match (place.filter(|_| self.is_as_it_was), document) {
            (_, Some(document)) if pointer(said).is_some() => located(document, "", said),
            (Some((line, column)), Some(_)) => {
                self.source.error(line, column.max(1), said).to_string()
            }
            (None, Some(document)) => document.error_at_start(said).to_string(),
            (_, None) => format!("{}: {said}", self.source.name()),
        }
    }
}

/// A plugin's own words about the configuration that is at the JSON pointer `root` of a document.
pub(crate) fn located(document: Document<'_>, root: &str, said: &str) -> String {
    let (said, _) = without_place(said);
    let pointer = pointer(said).unwrap_or_default();
    let mut error = document.config_error(&ConfigError::new(format!("{root}{pointer}"), ""));
    said.clone_into(&mut error.message);
    error.to_string()
}

// `/a/0` of `configuration rejected: at /a/0: not so`.
fn pointer(said: &str) -> Option<&str> {
    let (before, rest) = said.split_once("at /")?;
    let begins_a_word = before.is_empty() || before.ends_with(' ');
    let (pointer, _) = rest.split_once(": ").filter(|_| begins_a_word)?;
    let start = before.len() + "at ".len();
    said.get(start..start + 1 + pointer.len())
}

// What serde_json adds is a place in the JSON that the plugin got.
fn without_place(said: &str) -> (&str, Option<(usize, usize)>) {
    let place = said.rsplit_once(" at line ").and_then(|(sentence, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((sentence, (line.parse().ok()?, column.parse().ok()?)))
    });
    match place {
        Some((sentence, place)) => (sentence, Some(place)),
        None => (said, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pointer_of_a_sentence_is_found() {
        assert_eq!(
            pointer("configuration rejected: at /a/0: no: x"),
            Some("/a/0")
        );
        assert_eq!(pointer("at /a~1b: no"), Some("/a~1b"));
        assert_eq!(pointer("what /a: no"), None);
        assert_eq!(pointer("it is not so"), None);
    }

    #[test]
    fn a_place_in_json_is_cut_off() {
        assert_eq!(
            without_place("no at line 3 column 14"),
            ("no", Some((3, 14)))
        );
        assert_eq!(without_place("no at line x column 14").1, None);
        assert_eq!(without_place("no"), ("no", None));
    }
}
