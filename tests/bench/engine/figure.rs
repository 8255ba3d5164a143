//! One figure, what it answers, and what it must be.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};

/// What one question came to.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) question: String,
    pub(crate) measured: Measured,
}

/// What was measured, in its unit.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) unit: &'static str,
    pub(crate) figure: f64,
    /// None only informs.
    pub(crate) target: Option<Target>,
}

/// What a figure must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// Writes all of them as `engine.json`.
pub(crate) fn write(figures: &[Figure], folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let report: Vec<Value> = figures.iter().map(Figure::to_json).collect();
    let text = format!("{:#}\n", json!(report));
    Ok(std::fs::write(folder.join("engine.json"), text)?)
}

// === impl Figure ===

impl Figure {
    pub(crate) fn passes(&self) -> bool {
        let Measured { figure, target, .. } = self.measured;
        target.is_none_or(|target| target.holds(figure))
    }

    fn to_json(&self) -> Value {
        let Measured {
            unit,
            figure,
            target,
        } = self.measured;
        let target = target.map(|target| target.to_string());
        json!({"question": self.question, "unit": unit, "figure": figure, "target": target,
            "passes": self.passes()})
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { question, measured } = self;
        let Measured {
            unit,
            figure,
            target,
        } = measured;
        // Thousands are whole, milliseconds have digits.
        let digits = if *figure < 1000.0 { 2 } else { 0 };
        write!(formatter, "{question}: {figure:.digits$} {unit}")?;
        match target {
            None => Ok(()),
            Some(target) if self.passes() => write!(formatter, " ({target} wanted)"),
            Some(target) => write!(
                formatter,
                " (FAILED: {target} wanted; is something else running?)"
            ),
        }
    }
}

// === impl Target ===

impl Target {
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
            Self::AtMost(most) => write!(formatter, "at most {most}"),
        }
    }
}
