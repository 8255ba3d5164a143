//! The table of a conformance run: rule group, scripts, lines compared, differences.

use std::fmt;

use comfy_table::{Cell, CellAlignment, Table};

use super::script::Group;
use super::verdict::Verdict;

/// One row of the table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The group of rules.
    pub group: String,
    /// Scripts run.
    pub scripts: usize,
    /// Lines of Envoy's transcripts.
    pub lines: usize,
    /// Lines that differ; there must be none.
    pub differences: usize,
}

/// All rows.
#[derive(Debug, Clone, Default)]
pub struct Report(pub Vec<Row>);

// === impl Report ===

impl Report {
    /// A row for each group, with nothing in it yet.
    #[must_use]
    pub fn of(groups: &[Group]) -> Self {
        let row = |group: &Group| Row {
            group: group.name.clone(),
            ..Row::default()
        };
        Self(groups.iter().map(row).collect())
    }

    /// Adds a script of so many lines.
    pub fn add(&mut self, group: &str, lines: usize, verdict: &Verdict) {
        if let Some(row) = self.0.iter_mut().find(|row| row.group == group) {
            row.scripts += 1;
            row.lines += lines;
            match verdict {
                Verdict::Same => {}
                Verdict::Different { lines, .. } => row.differences += lines,
            }
        }
    }

    /// The sum of all rows.
    #[must_use]
    pub fn total(&self) -> Row {
        let sum = |column: fn(&Row) -> usize| self.0.iter().map(column).sum();
        Row {
            group: "total".to_owned(),
            scripts: sum(|row| row.scripts),
            lines: sum(|row| row.lines),
            differences: sum(|row| row.differences),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.set_header(["rule group", "scripts", "lines compared", "differences"]);
        for row in self
            .0
            .iter()
            .filter(|row| row.scripts > 0)
            .chain([&self.total()])
        {
            let number = |number: usize| Cell::new(number).set_alignment(CellAlignment::Right);
            table.add_row([
                Cell::new(&row.group),
                number(row.scripts),
                number(row.lines),
                number(row.differences),
            ]);
        }
        write!(formatter, "{table}")
    }
}
