//! The table of a run, and how a difference is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use comfy_table::{Cell, CellAlignment, Table};
use regex_lite::Regex;

use super::case::{Request, Setup};
use super::deviations::DEVIATIONS;
use super::run::{Ran, Verdict};

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    rows: BTreeMap<Group, Row>,
}

/// Rules by number, what is generated after them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group(bool, String, u32, String);

#[derive(Debug, Clone, Default)]
struct Row {
    cases: usize,
    // Those that native Envoy let pass.
    passing: usize,
    identical: usize,
    deviating: BTreeMap<&'static str, usize>,
    differences: usize,
}

/// Characters of a configuration or a token that are shown.
const SHOWN: usize = 2_000;

// === impl Report ===

impl Report {
    /// Counts cases.
    #[must_use]
    pub fn of(all: &[Ran]) -> Self {
        let mut report = Self::default();
        for ran in all {
            let row = report.rows.entry(Group::of(&ran.case.rule)).or_default();
            row.add(ran);
        }
        report
    }

    /// Cases that differ, without a deviation that says so.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.total().differences
    }

    /// All cases.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.total().cases
    }

    /// The deviations that are listed but did not occur: they are to be taken off the list.
    #[must_use]
    pub fn stale(&self) -> BTreeSet<&'static str> {
        let total = self.total();
        let listed = DEVIATIONS.iter().map(|deviation| deviation.id);
        listed
            .filter(|id| !total.deviating.contains_key(id))
            .collect()
    }

    fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.cases += row.cases;
            total.passing += row.passing;
            total.identical += row.identical;
            total.differences += row.differences;
            for (id, count) in &row.deviating {
                *total.deviating.entry(id).or_default() += count;
            }
        }
        total
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.set_header([
            "rule",
            "cases",
            "let pass",
            "identical",
            "deviating",
            "differences",
        ]);
        let total = self.total();
        let rows = self.rows.iter().map(|(group, row)| (group.3.as_str(), row));
        for (name, row) in rows.chain([("total", &total)]) {
            let number = |number: usize| Cell::new(number).set_alignment(CellAlignment::Right);
            table.add_row([
                Cell::new(name),
                number(row.cases),
                number(row.passing),
                number(row.identical),
                Cell::new(row.deviations()),
                number(row.differences),
            ]);
        }
        write!(formatter, "{table}")
    }
}

/// A difference: the configuration, the request, and what the three made of it.
#[must_use]
pub fn difference(setup: &Setup, ran: &Ran) -> String {
    let mut text = format!(
        "---- {}: {} ({})\n",
        ran.case.rule, ran.case.name, setup.name
    );
    let configuration = without_key_material(&setup.configuration().to_string());
    let _ = writeln!(text, "configuration\n  {}", shortened(&configuration));
    let _ = write!(
        text,
        "request\n{}",
        shortened(&ran.case.request.to_string())
    );
    for token in tokens(&ran.case.request) {
        let _ = writeln!(text, "  token {token}");
    }
    let outcomes = &ran.outcomes;
    let _ = writeln!(
        text,
        "native Envoy\n{}ours on Envoy\n{}ours on host-runner\n{}",
        outcomes.native, outcomes.on_envoy, outcomes.on_runner
    );
    text
}

// The tokens of a request, readable.
fn tokens(request: &Request) -> Vec<String> {
    let tokens = request.tokens();
    let decoded = tokens.iter().map(|token| {
        let mut parts = token
            .split(|byte| *byte == b'.')
            .filter(|part| !part.is_empty());
        let mut next = || decode(parts.next().unwrap_or_default());
        shortened(&format!("{} . {}", next(), next()))
    });
    decoded.collect()
}

fn decode(part: &[u8]) -> String {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&URL_SAFE, config).decode(part);
    decoded.map_or_else(|_| "?".to_owned(), |bytes| bytes.escape_ascii().to_string())
}

// The beginning is enough to tell keys apart.
fn without_key_material(text: &str) -> String {
    let material = Regex::new("([0-9A-Za-z_-]{8})[0-9A-Za-z_-]{32,}");
    material.map_or_else(
        |_| text.to_owned(),
        |material| material.replace_all(text, "$1…").into_owned(),
    )
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!(
            "{}… ({} bytes)\n",
            text.get(..end).unwrap_or_default(),
            text.len()
        ),
        None => text.to_owned(),
    }
}

// === impl Group ===

impl Group {
    fn of(rule: &str) -> Self {
        let number = rule.trim_start_matches(|first: char| first.is_ascii_alphabetic());
        let letters = rule.strip_suffix(number).unwrap_or_default();
        Self(
            rule.contains("generated"),
            letters.to_owned(),
            number.parse().unwrap_or(u32::MAX),
            rule.to_owned(),
        )
    }
}

// === impl Row ===

impl Row {
    fn add(&mut self, ran: &Ran) {
        self.cases += 1;
        let answer = ran.outcomes.native.answer();
        self.passing += usize::from(answer.is_some_and(|answer| answer.received.is_some()));
        match ran.verdict {
            Verdict::Identical => self.identical += 1,
            Verdict::Deviating(id) => *self.deviating.entry(id).or_default() += 1,
            Verdict::Different => self.differences += 1,
        }
    }

    fn deviations(&self) -> String {
        let counts = self
            .deviating
            .iter()
            .map(|(id, count)| format!("{count} by {id}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}
