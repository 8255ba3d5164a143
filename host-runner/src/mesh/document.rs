//! The `Mesh` document, and telling it from Istio's in one file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use meshwright_core::ConfigError;
use meshwright_core::config::from_value;
use policy_istio::{Resource, ResourceError, Service, Workload};
use serde::Deserialize;
use serde_json::Value;

use crate::yaml::{Document, Source, YamlError};

/// The one apiVersion of a `Mesh`.
const API_VERSION: &str = "meshwright.dev/v1alpha1";

/// The document of kind `Mesh`, with defaults filled in.
#[derive(Debug)]
pub(super) struct MeshDocument {
    pub(super) name: String,
    pub(super) listen: SocketAddr,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) examples: Option<PathBuf>,
    workload: Workload,
}

/// An address, and what it stands for.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) host: String,
    pub(super) namespace: String,
    pub(super) subset: Option<String>,
    pub(super) address: SocketAddr,
    pub(super) demo: bool,
    port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MeshYaml {
    #[serde(rename = "apiVersion")]
    api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default = "default_namespace")]
    namespace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Spec {
    listen: SocketAddr,
    #[serde(default)]
    workload: WorkloadYaml,
    upstreams: Vec<UpstreamYaml>,
    #[serde(default)]
    examples: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WorkloadYaml {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    root_namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpstreamYaml {
    host: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    subset: Option<String>,
    address: SocketAddr,
    #[serde(default)]
    demo: bool,
}

/// Istio's documents, each with its place in the file.
pub(super) type Resources<'a> = Vec<(Resource, Document<'a>)>;

/// Sorts the documents of a file that has a `Mesh`.
pub(super) fn read(source: &Source) -> Result<(MeshDocument, Resources<'_>), YamlError> {
    let (mesh, resources) = sort(source)?;
    let missing = || {
        format!(
            "a document of kind `Mesh` (apiVersion `{API_VERSION}`) is missing; it says where the upstreams are"
        )
    };
    Ok((
        mesh.ok_or_else(|| YamlError::of_file(source.name(), missing()))?,
        resources,
    ))
}

/// Sorts the documents of a file.
pub(super) fn sort(source: &Source) -> Result<(Option<MeshDocument>, Resources<'_>), YamlError> {
    let mut mesh = None;
    let mut resources = Vec::new();
    for document in source.documents() {
        let value = document.value()?;
        if !is_mesh(&value) {
            let label = format!("{}:{}", source.name(), document.line());
            resources.push((Resource::new(label, value), document));
        } else if mesh.is_some() {
            return Err(
                document.error_at_start("a second document of kind `Mesh`; one is expected")
            );
        } else {
            mesh = Some(MeshDocument::new(value).map_err(|error| document.config_error(&error))?);
        }
    }
    Ok((mesh, resources))
}

/// One error that shows the place of each.
pub(super) fn located(
    source: &Source,
    resources: &Resources<'_>,
    errors: &[ResourceError],
) -> anyhow::Error {
    let texts =
        errors.iter().map(
            |error| match error.index.and_then(|index| resources.get(index)) {
                Some((_, document)) => document.config_error(&error.error).to_string(),
                None => format!("{}: {error}", source.name()),
            },
        );
    anyhow::anyhow!(texts.collect::<Vec<_>>().join("\n"))
}

fn is_mesh(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str) == Some("Mesh")
}

// === impl MeshDocument ===

impl MeshDocument {
    fn new(value: Value) -> Result<Self, ConfigError> {
        let MeshYaml {
            api_version,
            metadata,
            spec,
            ..
        } = from_value(value)?;
        if api_version != API_VERSION {
            return Err(ConfigError::new(
                "/apiVersion",
                format!("expected `{API_VERSION}`, found `{api_version}`"),
            ));
        }
        let defaults = Workload::default();
        Ok(Self {
            listen: spec.listen,
            upstreams: upstreams(spec.upstreams, &metadata.namespace)?,
            examples: spec.examples,
            workload: Workload {
                namespace: spec
                    .workload
                    .namespace
                    .unwrap_or_else(|| metadata.namespace.clone()),
                labels: spec.workload.labels,
                root_namespace: spec
                    .workload
                    .root_namespace
                    .unwrap_or(defaults.root_namespace),
            },
            name: metadata.name,
        })
    }

    pub(super) fn workload(&self) -> Workload {
        self.workload.clone()
    }

    /// The upstreams by service, as the compiler wants to know them.
    pub(super) fn services(&self) -> Vec<Service> {
        let mut services: Vec<Service> = Vec::new();
        for upstream in &self.upstreams {
            let same = |service: &&mut Service| {
                service.host == upstream.host && service.namespace == upstream.namespace
            };
            match services.iter_mut().find(same) {
                Some(service) => upstream.add_to(service),
                None => {
                    let mut service = Service::new(&upstream.host, &upstream.namespace);
                    service.has_default = false;
                    upstream.add_to(&mut service);
                    services.push(service);
                }
            }
        }
        services
    }
}

fn upstreams(listed: Vec<UpstreamYaml>, namespace: &str) -> Result<Vec<Upstream>, ConfigError> {
    let mut upstreams: Vec<Upstream> = Vec::new();
    for (index, yaml) in listed.into_iter().enumerate() {
        let upstream = Upstream::new(yaml, namespace);
        if let Some(message) = upstreams.iter().find_map(|other| upstream.conflict(other)) {
            return Err(ConfigError::new(
                format!("/spec/upstreams/{index}"),
                message,
            ));
        }
        upstreams.push(upstream);
    }
    Ok(upstreams)
}

// === impl Upstream ===

impl Upstream {
    fn new(yaml: UpstreamYaml, namespace: &str) -> Self {
        Self {
            host: yaml.host,
            namespace: yaml.namespace.unwrap_or_else(|| namespace.to_owned()),
            subset: yaml.subset,
            address: yaml.address,
            demo: yaml.demo,
            port: yaml.port,
        }
    }

    /// How it is called in messages.
    pub(super) fn title(&self) -> String {
        let subset = self.subset.as_deref().map(|subset| format!(" {subset}"));
        format!(
            "{}.{}{}",
            self.host,
            self.namespace,
            subset.unwrap_or_default()
        )
    }

    fn conflict(&self, other: &Self) -> Option<String> {
        let same_service = self.host == other.host && self.namespace == other.namespace;
        if !same_service {
            None
        } else if self.subset == other.subset {
            Some(format!(
                "there is an upstream for `{}` already",
                self.title()
            ))
        } else if self.port != other.port {
            Some(format!(
                "another upstream of `{}.{}` has another `port`",
                self.host, self.namespace
            ))
        } else {
            None
        }
    }

    fn add_to(&self, service: &mut Service) {
        service.port = service.port.or(self.port);
        match &self.subset {
            Some(subset) => service.subsets.push(subset.clone()),
            None => service.has_default = true,
        }
    }
}

fn default_namespace() -> String {
    Workload::default().namespace
}
