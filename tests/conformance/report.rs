//! The table of a conformance run: rule group, scripts, lines compared, differences.

use std::fmt;

use comfy_table::{Cell, CellAlignment, Table};

/// One row of the table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The group of rules.
    pub group: String,
    /// Scripts run.
    pub scripts: usize,
    /// Lines of Envoy's transcripts.
    pub lines: usize,
    /// Lines that differ.
    pub differences: usize,
}

/// All rows.
#[derive(Debug, Clone, Default)]
pub struct Report(pub Vec<Row>);

// === impl Report ===

impl Report {
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
        for row in self.0.iter().chain([&self.total()]) {
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
