//! The envelope that all kinds share: apiVersion, kind and metadata. A kind or version we do not read is an error
//! that lists what we do read.

use std::collections::BTreeMap;

use meshwright_core::ConfigError;
use meshwright_core::config::from_value;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    RequestAuthentication,
    AuthorizationPolicy,
    VirtualService,
    DestinationRule,
}

const KINDS: [(&str, Kind); 4] = [
    ("RequestAuthentication", Kind::RequestAuthentication),
    ("AuthorizationPolicy", Kind::AuthorizationPolicy),
    ("VirtualService", Kind::VirtualService),
    ("DestinationRule", Kind::DestinationRule),
];

/// The values that Go's `ParseBool`, which Istio uses for the annotation, reads as false.
const FALSE: [&str; 6] = ["0", "f", "F", "FALSE", "false", "False"];

/// A document whose envelope is in order.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
    spec: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    api_version: String,
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
    #[serde(default, rename = "status")]
    _status: IgnoredAny,
}

/// Kubernetes `ObjectMeta`; beside name and namespace it says nothing about the policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: Option<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default, rename = "labels")]
    _labels: BTreeMap<String, String>,
    #[serde(default, rename = "uid")]
    _uid: IgnoredAny,
    #[serde(default, rename = "resourceVersion")]
    _resource_version: IgnoredAny,
    #[serde(default, rename = "generation")]
    _generation: IgnoredAny,
    #[serde(default, rename = "creationTimestamp")]
    _creation_timestamp: IgnoredAny,
    #[serde(default, rename = "managedFields")]
    _managed_fields: IgnoredAny,
    #[serde(default, rename = "ownerReferences")]
    _owner_references: IgnoredAny,
    #[serde(default, rename = "finalizers")]
    _finalizers: IgnoredAny,
}

// === impl Document ===

impl Document {
    pub(crate) fn read(document: &Value) -> Result<Self, ConfigError> {
        let envelope: Envelope = from_value(document.clone())?;
        let kind = Kind::read(&envelope.kind)?;
        kind.check_version(&envelope.api_version)?;
        envelope.metadata.check(kind)?;
        Ok(Self {
            kind,
            namespace: envelope
                .metadata
                .namespace
                .unwrap_or_else(|| "default".into()),
            name: envelope.metadata.name,
            spec: envelope.spec,
        })
    }

    /// The spec as the type of its kind; an absent one is empty.
    pub(crate) fn spec<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let spec = match &self.spec {
            Value::Null => Value::Object(serde_json::Map::new()),
            spec => spec.clone(),
        };
        from_value(spec).map_err(|error| error.under("/spec"))
    }
}

// === impl Kind ===

impl Kind {
    fn read(name: &str) -> Result<Self, ConfigError> {
        let found = KINDS.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let known = KINDS.map(|(known, _)| known).join(", ");
            ConfigError::new(
                "/kind",
                format!("the kind `{name}` is not supported; expected one of {known}"),
            )
        })
    }

    fn check_version(self, api_version: &str) -> Result<(), ConfigError> {
        let (group, versions) = self.api();
        let version = api_version
            .strip_prefix(group)
            .and_then(|rest| rest.strip_prefix('/'));
        if version.is_some_and(|version| versions.contains(&version)) {
            return Ok(());
        }
        let accepted: Vec<String> = versions
            .iter()
            .map(|version| format!("{group}/{version}"))
            .collect();
        let accepted = accepted.join(", ");
        Err(ConfigError::new(
            "/apiVersion",
            format!("`{api_version}` has no {self:?}; expected one of {accepted}"),
        ))
    }

    fn api(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::RequestAuthentication | Self::AuthorizationPolicy => {
                ("security.istio.io", &["v1beta1", "v1"])
            }
            Self::VirtualService | Self::DestinationRule => {
                ("networking.istio.io", &["v1alpha3", "v1beta1", "v1"])
            }
        }
    }
}

// === impl Metadata ===

impl Metadata {
    // A dry run must not be enforced, and there is no shadow evaluation yet (rule A9).
    fn check(&self, kind: Kind) -> Result<(), ConfigError> {
        if self.name.is_empty() {
            return Err(ConfigError::new(
                "/metadata/name",
                "a resource needs a name",
            ));
        }
        match self.annotations.get("istio.io/dry-run") {
            Some(value)
                if kind == Kind::AuthorizationPolicy && !FALSE.contains(&value.as_str()) =>
            {
                Err(ConfigError::new(
                    "/metadata/annotations/istio.io~1dry-run",
                    "the annotation `istio.io/dry-run` is not supported yet; remove it to enforce the policy",
                ))
            }
            _ => Ok(()),
        }
    }
}
