//! The labels of a module's metrics, which the SDK notes in a custom section, and what makes Envoy's bootstrap of them.
//!
//! Envoy finds labels in the names of metrics, by a regular expression for each label that it is told of (rule O3).

use std::collections::BTreeSet;
use std::convert::Infallible;

use serde_json::{Value, json};
use wasmparser::Payload;

use crate::engine::sections;
use crate::listener::ModuleFile;

/// The section's name; in it is one label in each line.
const SECTION: &str = "meshwright.labels";

/// The labels of a module's metrics.
#[must_use]
pub fn of(module: &ModuleFile) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    let read = sections::each(&module.bytes, |payload| {
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            let text = String::from_utf8_lossy(section.data());
            labels.extend(text.lines().filter(|it| is_label(it)).map(str::to_owned));
        }
        Ok::<_, Infallible>(())
    });
    let Ok(()) = read;
    labels
}

/// Envoy's `stats_tags` for these labels.
#[must_use]
pub fn stats_tags(labels: &BTreeSet<String>) -> Vec<Value> {
    let tags = labels.iter();
    tags.map(|label| json!({"tag_name": label, "regex": regex(label)}))
        .collect()
}

// At the name's beginning or after another label: the end of a longer one's name is none. The first group is cut out of the
// name, the second is the value.
fn regex(label: &str) -> String {
    format!(r"(?:^wasmcustom\.|;\.;)({label}=\.=(.*?);\.;)")
}

fn is_label(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.starts_with(|first: char| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[(&str, &str)]) -> ModuleFile {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        for (name, data) in sections {
            let size = |size: usize| u8::try_from(size).unwrap();
            bytes.extend([0, size(1 + name.len() + data.len()), size(name.len())]);
            bytes.extend(name.bytes().chain(data.bytes()));
        }
        ModuleFile {
            name: "m".to_owned(),
            path: "m.wasm".into(),
            bytes: bytes.into(),
            sha256: String::new(),
        }
    }

    #[test]
    fn labels_are_those_of_all_its_sections_each_once() {
        let sections = [
            (SECTION, "status\ncode\n"),
            ("other", "not\n"),
            (SECTION, "status\n"),
        ];
        let labels: Vec<_> = of(&module(&sections)).into_iter().collect();
        assert_eq!(labels, ["code", "status"]);
    }

    #[test]
    fn what_is_no_label_is_left_out() {
        let labels = of(&module(&[(SECTION, "a.b\n\n1st\n(.*)\n_ok1\n")]));
        assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["_ok1"]);
    }
}
