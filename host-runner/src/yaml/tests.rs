use serde::Deserialize;
use serde_saphyr::Spanned;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: Spanned<String>,
    #[serde(default)]
    count: u16,
}

fn error(text: &str) -> String {
    Source::new("a.yaml", text)
        .parse_only::<Sample>()
        .unwrap_err()
        .to_string()
}

#[test]
fn documents_know_the_line_they_start_at() {
    let source = Source::new(
        "a.yaml",
        "# head\n---\n# note\nname: a\n---\n---\nname: |\n  x\n   ---\n...\n",
    );
    let lines = source
        .documents()
        .iter()
        .map(Document::line)
        .collect::<Vec<_>>();
    assert_eq!(lines, [4, 7]);
    assert_eq!(source.documents()[1].value().unwrap()["name"], "x\n ---\n");
}

#[test]
fn an_unknown_field_is_shown_with_a_caret_and_what_was_expected() {
    let message = error("name: a\nnom: b\n");
    assert_eq!(
        message,
        "a.yaml:2:1: unknown field `nom`, expected one of name, count\n  |\n2 | nom: b\n  | ^"
    );
}

#[test]
fn a_wrong_type_says_what_was_expected() {
    let message = error("name: a\ncount: many\n");
    assert!(
        message.starts_with("a.yaml:2:8: expected a whole number below 2^16\n"),
        "{message}"
    );
    assert!(
        message.ends_with("2 | count: many\n  |        ^"),
        "{message}"
    );
}

#[test]
fn broken_yaml_is_shown_where_it_breaks() {
    let message = error("name: a\n  count: 1\n");
    assert!(message.starts_with("a.yaml:2:"), "{message}");
    assert!(message.contains('^'), "{message}");
}

#[test]
fn a_second_document_has_the_lines_of_the_file() {
    let source = Source::new("a.yaml", "name: a\n---\nname: b\nx: 1\n");
    let second = source.documents()[1];
    assert_eq!(second.parse::<Sample>().unwrap_err().place, Some((4, 1)));
    let only = source.parse_only::<Sample>().unwrap_err().to_string();
    assert!(
        only.starts_with("a.yaml:3:1: expected one document"),
        "{only}"
    );
}

#[test]
fn a_spanned_value_leads_back_to_its_line() {
    let source = Source::new("a.yaml", "---\ncount: 1\nname: b\n");
    let document = source.only_document().unwrap();
    let sample: Sample = document.parse().unwrap();
    assert_eq!(sample.count, 1);
    assert_eq!(
        document.error(sample.name.referenced, "no").place,
        Some((3, 7))
    );
}

#[test]
fn a_json_pointer_leads_to_its_line() {
    let source = Source::new(
        "a.yaml",
        "x: 1\n---\nspec:\n  rules:\n  - from: a\n    a/b: 1\n",
    );
    let document = source.documents()[1];
    let place = |pointer| {
        document
            .config_error(&ConfigError::new(pointer, "no"))
            .place
    };
    assert_eq!(place("/spec/rules/0/a~1b"), Some((6, 5)));
    assert_eq!(place("/spec/rules/0/missing"), Some((5, 5)));
    assert_eq!(place(""), Some((3, 1)));
}

#[test]
fn plain_scalars_keep_their_spelling_where_a_string_is_possible() {
    let source = Source::new("a.yaml", "[yes, 007, 1_000, true, 7]");
    let value = source.only_document().unwrap().value().unwrap();
    assert_eq!(value, serde_json::json!(["yes", "007", "1_000", true, 7]));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let message = Source::read(Path::new("/nowhere.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("/nowhere.yaml: cannot read it: "),
        "{message}"
    );
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let message = error(&format!("name: {{x: {}, y: [}}\n", "a".repeat(300)));
    assert!(
        message.lines().all(|line| line.chars().count() < 120),
        "{message}"
    );
}
