//! A parsed document with the name its reader knows it by, and the error that points into it.

use std::fmt;

use meshwright_core::ConfigError;
use serde_json::Value;

/// One Kubernetes-style document.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Where it came from, for errors: a file name, or a file name and a document number.
    pub label: String,
    /// The document.
    pub document: Value,
}

/// Why a resource cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceError {
    /// The position of the resource in the list that was compiled; `None` when the services are at fault.
    pub index: Option<usize>,
    /// The label, kind and name of the resource, as far as they could be read.
    pub resource: String,
    /// What is wrong, and where in the document.
    pub error: ConfigError,
}

// === impl Resource ===

impl Resource {
    /// A document under a label.
    #[must_use]
    pub fn new(label: impl Into<String>, document: Value) -> Self {
        Self {
            label: label.into(),
            document,
        }
    }

    /// The error at `index` for this resource.
    pub(crate) fn error(&self, index: usize, error: ConfigError) -> ResourceError {
        ResourceError {
            index: Some(index),
            resource: self.name(),
            error,
        }
    }

    fn name(&self) -> String {
        let text = |pointer| self.document.pointer(pointer).and_then(Value::as_str);
        match (text("/kind"), text("/metadata/name")) {
            (Some(kind), Some(name)) => format!("{}: {kind} `{name}`", self.label),
            (Some(kind), None) => format!("{}: {kind}", self.label),
            (None, _) => self.label.clone(),
        }
    }
}

// === impl ResourceError ===

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.resource, self.error)
    }
}

impl std::error::Error for ResourceError {}
