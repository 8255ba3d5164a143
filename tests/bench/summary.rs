//! The table for people, and target/reports.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use host_runner::report::{Report, Row as ReportRow};

use crate::rows::{Row, Target};

/// Minimum and lower quartile of each row, and what it adds to no filter.
#[derive(Debug)]
pub(crate) struct Summary {
    rows: Vec<Line>,
    envoy: String,
}

#[derive(Debug, Clone)]
struct Line {
    name: &'static str,
    minimum: f64,
    quartile: f64,
    overhead: f64,
    reference: Option<&'static str>,
    /// The reference row's overhead, and its minimum.
    native: Option<(f64, f64)>,
    target: Option<Target>,
}

// === impl Summary ===

impl Summary {
    pub(crate) fn new(rows: &[Row], measured: &[Vec<f64>], envoy: &str) -> Self {
        let minima: Vec<f64> = measured.iter().map(|figures| nth(figures, 0)).collect();
        let minimum_of = |name: &str| {
            let index = rows.iter().position(|row| row.name == name)?;
            minima.get(index).copied()
        };
        let overhead_of = |row: &Row| {
            let floor = minimum_of(row.floor)?;
            Some(minimum_of(row.name)? - floor)
        };
        let reference_of = |name: &str| {
            let reference = rows.iter().find(|row| row.name == name)?;
            Some((overhead_of(reference)?, minimum_of(name)?))
        };
        let lines = rows.iter().zip(measured).map(|(row, figures)| Line {
            name: row.name,
            minimum: nth(figures, 0),
            quartile: nth(figures, figures.len() / 4),
            overhead: overhead_of(row).unwrap_or_default(),
            reference: row.reference,
            native: row.reference.and_then(reference_of),
            target: row.target,
        });
        Self {
            rows: lines.collect(),
            envoy: envoy.to_owned(),
        }
    }

    /// Whether every ratio is what it must be.
    pub(crate) fn passes(&self) -> bool {
        self.rows.iter().all(Line::passes)
    }

    /// Writes the report; `ours` and `reference` are microseconds of CPU added to no filter.
    pub(crate) fn write(&self, name: &str) -> anyhow::Result<()> {
        let report = Report {
            rows: self.rows.iter().map(Line::report).collect(),
            versions: BTreeMap::from([("envoy".to_owned(), self.envoy.clone())]),
            ..Report::default()
        };
        let path = report.write(Path::new("target"), name)?;
        println!("written to {}", path.display());
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header([
            "row",
            "CPU us/request (min)",
            "q25",
            "added to no filter",
            "compared with",
            "ratio",
        ]);
        for line in &self.rows {
            table.add_row(line.cells());
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        write!(
            f,
            "Envoy {}, CPU time of Envoy per request\n\n{table}\n",
            self.envoy
        )
    }
}

// === impl Line ===

impl Line {
    fn cells(&self) -> [String; 6] {
        let number = |value: f64| format!("{value:.1}");
        [
            self.name.to_owned(),
            number(self.minimum),
            number(self.quartile),
            number(self.overhead),
            self.reference
                .zip(self.native)
                .map_or_else(String::new, |(name, (added, _))| {
                    format!("{added:.1} ({name})")
                }),
            self.ratio()
                .map_or_else(String::new, |ratio| format!("{ratio:.2}{}", self.verdict())),
        ]
    }

    fn verdict(&self) -> String {
        let (most, of) = match self.target {
            None => return String::new(),
            Some(Target::Added(most)) => (most, ""),
            Some(Target::Whole(most)) => (most, " of the whole request"),
        };
        match self.passes() {
            true => format!("{of} (at most {most:.2} wanted)"),
            false => format!("{of} (FAILED: at most {most:.2} wanted)"),
        }
    }

    fn passes(&self) -> bool {
        let Some(Target::Added(most) | Target::Whole(most)) = self.target else {
            return true;
        };
        self.ratio().is_some_and(|ratio| ratio <= most)
    }

    // Below a microsecond the reference is noise, and a ratio to it would be too.
    fn ratio(&self) -> Option<f64> {
        let (added, whole) = self.native?;
        match self.target {
            Some(Target::Whole(_)) => Some(self.minimum / whole),
            _ => (added > 1.0).then(|| self.overhead / added),
        }
    }

    fn report(&self) -> ReportRow {
        ReportRow {
            name: self.name.to_owned(),
            ours: self.overhead,
            reference: self.native.map(|(added, _)| added),
            unit: "us of CPU per request, added to no filter".to_owned(),
            ratio: self.ratio(),
        }
    }
}

fn nth(figures: &[f64], index: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(index).copied().unwrap_or_default()
}
