//! An inspection for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Inspection, Memory, Verdict};
use crate::labels::stats_tags;

/// Crates shown; the rest is added up.
const SHOWN_CRATES: usize = 15;

pub(super) fn of(inspection: &Inspection) -> String {
    let parts = [
        head(inspection),
        grouped("Imports", &imports(inspection)),
        grouped("Exports", &exports(inspection)),
        hosts(&inspection.hosts),
        capabilities(&inspection.allowed_capabilities),
        labels(&inspection.labels),
        sizes(inspection),
        warnings(inspection),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn head(inspection: &Inspection) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "{what:<12} {value}");
    };
    line("Module", &inspection.file);
    line("Size", &format!("{} bytes", inspection.size));
    line("SHA-256", &inspection.sha256);
    line("ABI version", inspection.abi_version.unwrap_or("none"));
    line(
        "Made with",
        &or(&inspection.made_with.join(", "), "it does not say"),
    );
    line(
        "At start",
        &or(&inspection.start.join(", then "), "nothing runs"),
    );
    line("Memory", &memory(inspection.memory));
    text
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise } else { text }.to_owned()
}

fn memory(memory: Memory) -> String {
    let Some(initial) = memory.initial_pages else {
        return "none".to_owned();
    };
    let most = match memory.maximum_pages {
        Some(pages) => format!("at most {pages}"),
        None => "no maximum of its own".to_owned(),
    };
    let stack = match memory.stack {
        Some(bytes) => format!(", a stack of {bytes} bytes"),
        None => String::new(),
    };
    format!("{initial} pages of 64 KiB, {most}{stack}")
}

type Item = (&'static str, String, String);

fn imports(inspection: &Inspection) -> Vec<Item> {
    let imports = inspection.imports.iter();
    imports
        .map(|it| {
            (
                it.group,
                format!("{}.{}", it.module, it.name),
                it.ty.clone(),
            )
        })
        .collect()
}

fn exports(inspection: &Inspection) -> Vec<Item> {
    let exports = inspection.exports.iter();
    exports
        .map(|it| (it.group, it.name.clone(), it.ty.clone()))
        .collect()
}

fn grouped(title: &str, items: &[Item]) -> String {
    let mut groups: Vec<_> = items.iter().map(|(group, ..)| *group).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut text = format!("{title}\n");
    for group in groups {
        let _ = writeln!(text, "  {group}");
        for (_, name, ty) in items.iter().filter(|(of, ..)| *of == group) {
            let _ = writeln!(text, "    {name}  {ty}");
        }
    }
    text
}

fn hosts(hosts: &[Verdict]) -> String {
    let mut text = "Hosts\n".to_owned();
    for host in hosts {
        let verdict = match (host.loads, host.problems.is_empty()) {
            (true, true) => "loads",
            (true, false) => "loads, but",
            (false, _) => "does not load",
        };
        let _ = writeln!(text, "  {} ({}): {verdict}", host.profile, host.title);
        for problem in &host.problems {
            let _ = writeln!(text, "    - {problem}");
        }
    }
    text
}

fn capabilities(names: &[String]) -> String {
    let mut text =
        "What it needs where capabilities are restricted\n  capability_restriction_config:\n    allowed_capabilities:\n"
            .to_owned();
    for name in names {
        let _ = writeln!(text, "      {name}: {{}}");
    }
    text
}

fn labels(labels: &BTreeSet<String>) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let mut text =
        "Labels of its metrics, for Envoy's bootstrap\n  stats_config:\n    stats_tags:\n"
            .to_owned();
    for tag in stats_tags(labels) {
        let _ = writeln!(text, "      - {tag}");
    }
    text
}

fn sizes(inspection: &Inspection) -> String {
    let mut text = "Sections\n".to_owned();
    for section in &inspection.sections {
        let _ = writeln!(text, "  {:>9}  {}", section.size, section.name);
    }
    text.push_str("\nCode by crate\n");
    if inspection.crates.is_empty() {
        text.push_str(
            "  the names of its functions were stripped; `host-runner build --dev` keeps them (`strip = \"debuginfo\"`)\n",
        );
    }
    for it in inspection.crates.iter().take(SHOWN_CRATES) {
        let _ = writeln!(
            text,
            "  {:>9}  {} ({} functions)",
            it.size, it.name, it.functions
        );
    }
    let rest: u64 = inspection
        .crates
        .iter()
        .skip(SHOWN_CRATES)
        .map(|it| it.size)
        .sum();
    if rest > 0 {
        let _ = writeln!(text, "  {rest:>9}  all others");
    }
    text
}

fn warnings(inspection: &Inspection) -> String {
    if inspection.warnings.is_empty() {
        return String::new();
    }
    let mut text = "Warnings\n".to_owned();
    for warning in &inspection.warnings {
        let _ = writeln!(text, "  rule {}: {}", warning.rule, warning.text);
    }
    text
}
