//! The configuration that tokens are judged by: a plugin configuration of jwt-auth, or Istio resources.

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use policy_istio::Workload;
use policy_jwt::{Authenticator, Compat, KeySet, Keys, Need, World};

use crate::configuration::Form;
use crate::configuration::file::ConfigurationFile;
use crate::mesh::request_authentication;
use crate::yaml::Source;

/// Where the configuration is.
#[derive(Debug, Args)]
pub(super) struct Policy {
    /// The plugin configuration of jwt-auth, or a file of Istio resources, or a mesh.
    #[arg(long, value_name = "FILE")]
    configuration: PathBuf,
    /// What a `jwksUri` answers: a file with a key set.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The namespace of the workload that Istio resources are to apply to [default: default].
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// A label of that workload. May be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,
}

/// The key set of a file, whichever rule asks.
#[derive(Debug)]
pub(super) struct GivenKeys(Keys);

// === impl Policy ===

impl Policy {
    pub(super) fn authenticator(&self) -> anyhow::Result<Authenticator> {
        let path = &self.configuration;
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && holds_resources(&Source::read(path)?)? {
            let config = request_authentication(&Source::read(path)?, self.workload()?)?;
            return Ok(Authenticator::from_config(&config)?);
        }
        if !self.label.is_empty() || self.namespace.is_some() {
            bail!("`--namespace` and `--label` are for Istio resources");
        }
        let file = ConfigurationFile::read(path, Form::Text)?;
        let json = file.configuration().to_bytes();
        Authenticator::from_json(&json).map_err(|error| anyhow!(file.located(&error.to_string())))
    }

    /// What the rules' remote key sets are.
    pub(super) fn keys(&self, compat: Compat) -> anyhow::Result<GivenKeys> {
        let Some(path) = &self.jwks else {
            return Ok(GivenKeys(Keys::Unknown));
        };
        let place = || format!("the key set `{}`", path.display());
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", place()))?;
        let keys = KeySet::parse(&text, compat).map_err(anyhow::Error::msg);
        Ok(GivenKeys(Keys::Known(Rc::new(keys.with_context(place)?))))
    }

    fn workload(&self) -> anyhow::Result<Option<Workload>> {
        if self.namespace.is_none() && self.label.is_empty() {
            return Ok(None);
        }
        let mut workload = Workload::default();
        workload.namespace = self.namespace.clone().unwrap_or(workload.namespace);
        for label in &self.label {
            let (name, value) = label
                .split_once('=')
                .with_context(|| format!("`--label {label}`: expected `name=value`"))?;
            workload.labels.insert(name.to_owned(), value.to_owned());
        }
        Ok(Some(workload))
    }
}

// === impl GivenKeys ===

impl World for GivenKeys {
    fn keys(&self, _: Need) -> Keys {
        self.0.clone()
    }
}

// What a plugin configuration has not.
fn holds_resources(source: &Source) -> anyhow::Result<bool> {
    for document in source.documents() {
        if document.value()?.get("kind").is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
