//! What a target that measures or compares found: `target/reports/<target>.json`, for later reading by machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

/// The findings of one run. What does not apply is left out of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many cases ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cases: Option<usize>,
    /// How many of them differed between two subjects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differences: Option<usize>,
    /// How many differences are known and intended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviations: Option<usize>,
    /// Measurements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// The seed of whatever was random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The versions used, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, String>,
}

/// One measurement, with what it is compared to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Our number.
    pub ours: f64,
    /// The number of the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// Ours divided by the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
}

// === impl Report ===

impl Report {
    /// Writes `<target_dir>/reports/<target>.json` and returns that path.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, target_dir: &Path, target: &str) -> anyhow::Result<PathBuf> {
        let directory = target_dir.join("reports");
        let path = directory.join(format!("{target}.json"));
        let json = serde_json::to_string_pretty(self)?;
        let written =
            std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, json + "\n"));
        written.with_context(|| format!("cannot write the report `{}`", path.display()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_apply_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let report = Report {
            cases: Some(2),
            differences: Some(0),
            ..Report::default()
        };
        let path = report.write(directory.path(), "scenarios").unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json, serde_json::json!({"cases": 2, "differences": 0}));
        assert!(path.ends_with("reports/scenarios.json"));
    }

    #[test]
    fn a_row_has_its_ratio_when_there_is_a_reference() {
        let row = Row {
            name: "authz".to_owned(),
            ours: 2.0,
            reference: Some(1.0),
            unit: "us".to_owned(),
            ratio: Some(2.0),
        };
        let json = serde_json::json!({"name": "authz", "ours": 2.0, "reference": 1.0, "unit": "us", "ratio": 2.0});
        assert_eq!(serde_json::to_value(row).unwrap(), json);
    }
}
