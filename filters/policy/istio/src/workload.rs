//! The workload that the filters protect, and which policies apply to it (rules A2, J1).

use std::collections::BTreeMap;

use meshwright_core::ConfigError;
use serde::Deserialize;

/// Namespace and labels of the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Policies of this namespace apply, and short host names of this namespace are known.
    pub namespace: String,
    /// What selectors are compared with.
    pub labels: BTreeMap<String, String>,
    /// Policies of this namespace apply to every workload.
    pub root_namespace: String,
}

/// Istio `WorkloadSelector`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Selector {
    #[serde(default)]
    match_labels: BTreeMap<String, String>,
}

// === impl Workload ===

impl Default for Workload {
    /// A workload without labels in `default`; `istio-system` is the root namespace, as Istio installs it.
    fn default() -> Self {
        Self {
            namespace: "default".into(),
            labels: BTreeMap::new(),
            root_namespace: "istio-system".into(),
        }
    }
}

impl Workload {
    /// Whether a policy of `namespace` with this selector applies.
    pub(crate) fn is_selected(&self, namespace: &str, selector: Option<&Selector>) -> bool {
        let in_scope = namespace == self.namespace || namespace == self.root_namespace;
        in_scope && selector.is_none_or(|selector| selector.covers(&self.labels))
    }
}

// === impl Selector ===

impl Selector {
    /// Istio refuses wildcards at admission: they would be compared literally. Errors are relative to the spec.
    pub(crate) fn check(selector: Option<&Self>) -> Result<(), ConfigError> {
        let labels = selector.map(|selector| &selector.match_labels);
        match labels
            .into_iter()
            .flatten()
            .find(|(key, value)| key.contains('*') || value.contains('*'))
        {
            Some((key, value)) => Err(ConfigError::new(
                "/selector/matchLabels",
                format!("the label `{key}: {value}` has a `*`, and labels have no wildcards"),
            )),
            None => Ok(()),
        }
    }

    fn covers(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    }
}
