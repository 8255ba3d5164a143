//! `host-runner check`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{EngineFlags, Modules, Outcome};
use crate::check::{Checked, check};
use crate::configuration::Form;
use crate::configuration::file::{ConfigurationFile, located};
use crate::listener::{Cluster, Configuration, Listener, ModuleFile, Plugin};
use crate::mesh::Mesh;
use crate::scenario::Suite;
use crate::yaml::Source;

/// Start filters without a proxy, to see whether they take their configuration.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A module (`*.wasm`) or the name of a filter, or a mesh or scenario file.
    #[arg(value_name = "FILTER")]
    filter: PathBuf,
    /// For a module: the file of its configuration, `.yaml` as JSON, any other as it is.
    configuration: Option<PathBuf>,
    /// How that is handed over.
    #[arg(long, value_enum, default_value_t)]
    configuration_as: Form,
    /// A cluster that the filter knows when it starts. May be given several times.
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

/// Says where in a file a refusal is at home.
type Locate<'a> = dyn Fn(&str) -> String + 'a;

// === impl Check ===

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let is = |extension: &str| self.filter.extension().is_some_and(|it| it == extension);
        if !is("yaml") && !is("yml") {
            return self.module();
        }
        if self.configuration.is_some() || !self.cluster.is_empty() {
            bail!("a mesh or scenario file has configurations and clusters of its own");
        }
        self.file()
    }

    fn module(&self) -> anyhow::Result<Outcome> {
        let path = match self.filter.extension() {
            Some(_) => self.filter.clone(),
            None => self
                .modules
                .folder()
                .join(&self.filter)
                .with_extension("wasm"),
        };
        let module = ModuleFile::read(&path).context("`host-runner build` compiles it")?;
        let file = self.configuration.as_ref();
        let file = file.map(|file| ConfigurationFile::read(file, self.configuration_as));
        let file = file.transpose()?;
        let configuration = file.as_ref().map(|file| file.configuration().clone());
        let plugin = Plugin::new(
            module.name.clone(),
            module,
            configuration.unwrap_or_else(Configuration::default),
        );
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let clusters = self.cluster.iter();
        let listener = Listener {
            clusters: clusters.map(|name| Cluster::new(name, nowhere)).collect(),
            ..Listener::default()
        };
        let takes = match &self.configuration {
            Some(file) => format!("takes {}", file.display()),
            None => "starts without a configuration".to_owned(),
        };
        self.judge(&listener, &plugin, &takes, &|said| match &file {
            Some(file) => file.located(said),
            None => said.to_owned(),
        })
    }

    fn file(&self) -> anyhow::Result<Outcome> {
        let source = Source::read(&self.filter)?;
        let listener = self.listener(&source)?;
        let mut outcome = Outcome::Fine;
        for (index, plugin) in listener.plugins.iter().enumerate() {
            let root = format!("/plugins/{index}/configuration");
            let locate = |said: &str| match source.only_document() {
                Ok(document) if is_scenario(&source) => located(document, &root, said),
                _ => format!("{}: {said}", source.name()),
            };
            if self.judge(&listener, plugin, "starts", &locate)? == Outcome::Failed {
                outcome = Outcome::Failed;
            }
        }
        Ok(outcome)
    }

    fn listener(&self, source: &Source) -> anyhow::Result<Listener> {
        let modules = self.modules.folder();
        let mesh = |mesh: &Path| Mesh::read(mesh)?.listener(&modules);
        if !is_scenario(source) {
            return mesh(&self.filter);
        }
        let suite = Suite::load(std::slice::from_ref(&self.filter), &modules, &mesh)?;
        let mut listeners = suite.listeners();
        listeners.pop().context("the file has a listener")
    }

    fn judge(
        &self,
        listener: &Listener,
        plugin: &Plugin,
        takes: &str,
        locate: &Locate<'_>,
    ) -> anyhow::Result<Outcome> {
        let Checked {
            logs,
            calls,
            refusal,
        } = check(listener, plugin, &self.engine.options())?;
        for line in logs {
            eprintln!("{:>5} {}: {}", line.level, plugin.name, line.message);
        }
        for call in calls {
            eprintln!(" note {}: {call}", plugin.name);
        }
        match refusal {
            None => {
                println!("ok: {} {takes}", plugin.name);
                Ok(Outcome::Fine)
            }
            Some(said) => {
                println!("{}\nrefused: {} does not start", locate(&said), plugin.name);
                Ok(Outcome::Failed)
            }
        }
    }
}

// What a mesh has not.
fn is_scenario(source: &Source) -> bool {
    let document = source.only_document();
    let value = document.and_then(|document| document.value());
    value.is_ok_and(|value| value.get("cases").is_some())
}
