//! A mesh file: Istio documents, and one document of ours that says where the upstreams are.
//!
//! `policy_istio` turns the documents into plugin configurations; here they become a [`Listener`] with modules, routes and
//! clusters, and every error gets its file, line and column.

mod document;
mod request_authentication;
mod welcome;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use meshwright_core::state;
use policy_istio::{Destination, PluginConfigs, compile};
use serde::Serialize;

use self::document::{MeshDocument, Upstream as UpstreamDocument};
pub(crate) use self::request_authentication::request_authentication;
use crate::listener::{Cluster, Listener, ModuleFile, Plugin, Route};
use crate::upstream::{Upstream, demo};
use crate::yaml::Source;

/// A mesh, checked and compiled.
#[derive(Debug)]
pub struct Mesh {
    document: MeshDocument,
    plugins: PluginConfigs,
    folder: PathBuf,
}

// === impl Mesh ===

impl Mesh {
    /// Reads a mesh file.
    ///
    /// # Errors
    /// When it is no YAML, a document is not understood, or a destination leads nowhere; the error names file, line and
    /// column.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let source = Source::read(path)?;
        let (document, resources) = document::read(&source)?;
        let listed: Vec<_> = resources
            .iter()
            .map(|(resource, _)| resource.clone())
            .collect();
        let plugins = compile(&listed, &document.services(), &document.workload());
        Ok(Self {
            document,
            plugins: plugins.map_err(|errors| document::located(&source, &resources, &errors))?,
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
        })
    }

    /// The listener that serves this mesh, with the modules in `wasm_dir`.
    ///
    /// # Errors
    /// When a module cannot be read.
    pub fn listener(&self, wasm_dir: &Path) -> anyhow::Result<Listener> {
        Ok(Listener {
            name: self.document.name.clone(),
            address: self.document.listen,
            plugins: self.chain(wasm_dir)?,
            routes: self.plugins.destinations.iter().map(route).collect(),
            clusters: self
                .plugins
                .destinations
                .iter()
                .map(|it| self.cluster(it))
                .collect::<anyhow::Result<_>>()?,
            ..Listener::default()
        })
    }

    /// Starts the upstreams that are marked `demo`; they end when the result is dropped. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start_demo_upstreams(&self) -> anyhow::Result<Vec<Upstream>> {
        let mut started = Vec::new();
        for upstream in self
            .document
            .upstreams
            .iter()
            .filter(|upstream| upstream.demo)
        {
            let responder = demo(&upstream.host, upstream.subset.as_deref());
            started.push(Upstream::start(&upstream.title(), upstream.address, responder).await?);
        }
        Ok(started)
    }

    /// jwt-auth, authz, ab-router, in the order of Istio's own chain (rule J4).
    fn chain(&self, wasm_dir: &Path) -> anyhow::Result<Vec<Plugin>> {
        let mut chain = Vec::new();
        if let Some(configuration) = &self.plugins.jwt_auth {
            chain.push(self.plugin("jwt-auth", wasm_dir, configuration)?);
        }
        if let Some(configuration) = &self.plugins.authz {
            chain.push(self.plugin("authz", wasm_dir, configuration)?);
        }
        chain.push(self.plugin("ab-router", wasm_dir, &self.plugins.ab_router)?);
        Ok(chain)
    }

    fn plugin(
        &self,
        module: &str,
        wasm_dir: &Path,
        configuration: &impl Serialize,
    ) -> anyhow::Result<Plugin> {
        let path = wasm_dir.join(format!("{module}.wasm"));
        let name = format!("{}/{module}", self.document.name);
        let module = ModuleFile::read(&path).context("`host-runner build` compiles the filters")?;
        Ok(Plugin::new(
            name,
            module,
            serde_json::to_string(configuration)?,
        ))
    }

    fn cluster(&self, destination: &Destination) -> anyhow::Result<Cluster> {
        let address = self.upstream(destination).map(|upstream| upstream.address);
        let address = address
            .with_context(|| format!("no upstream for the cluster `{}`", destination.cluster))?;
        Ok(Cluster::new(destination.cluster.clone(), address))
    }

    fn upstream(&self, destination: &Destination) -> Option<&UpstreamDocument> {
        self.document.upstreams.iter().find(|upstream| {
            upstream.host == destination.host
                && upstream.namespace == destination.namespace
                && upstream.subset == destination.subset
        })
    }
}

fn route(destination: &Destination) -> Route {
    Route {
        name: String::new(),
        state: Some((state::DESTINATION.to_owned(), destination.cluster.clone())),
        cluster: destination.cluster.clone(),
    }
}
