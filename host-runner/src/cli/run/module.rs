//! One module, served without a mesh file: in front of an upstream, or of one that answers what it received.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::configuration::Form;
use crate::configuration::file::ConfigurationFile;
use crate::inspect::inspect;
use crate::listener::{Cluster, Configuration, Listener, ModuleFile, Plugin, Protocol, Route};
use crate::subject::{Subject, welcome_to};
use crate::upstream::{Upstream, demo};

/// What is around a module that is served alone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For a module")]
pub(super) struct Around {
    /// The file of the plugin's configuration: `.yaml` as JSON, any other as it is.
    #[arg(long, value_name = "FILE")]
    configuration: Option<PathBuf>,
    /// How it is handed over.
    #[arg(long, value_enum, default_value_t)]
    configuration_as: Form,
    /// Where to listen [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Serve TCP connections: the module is a network filter. One that has callbacks of connections only is taken for that.
    #[arg(long)]
    tcp: bool,
    /// Where requests go; without it one answers, as JSON, what it received (and TCP's sends it back).
    #[arg(long, value_name = "ADDRESS")]
    upstream: Option<SocketAddr>,
    /// A cluster that the filter can call, such as auth=127.0.0.1:9000. May be given several times.
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = cluster)]
    cluster: Vec<(String, SocketAddr)>,
}

/// The cluster that requests go to.
const UPSTREAM: &str = "upstream";

/// Where the upstream that answers itself listens: beside the listener.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Where a module listens that nobody says otherwise of.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

fn cluster(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text
        .split_once('=')
        .ok_or("expected a name and an address, such as `auth=127.0.0.1:9000`")?;
    let address = address
        .parse()
        .map_err(|_| format!("expected an address such as `127.0.0.1:9000`, got `{address}`"))?;
    match name {
        "" | UPSTREAM => Err(format!(
            "`{name}` cannot be the name of a cluster that is called"
        )),
        name => Ok((name.to_owned(), address)),
    }
}

// === impl Around ===

impl Around {
    /// A mesh file says these things itself.
    pub(super) fn refuse_for_a_mesh(&self) -> anyhow::Result<()> {
        let given = [
            ("--configuration", self.configuration.is_some()),
            ("--listen", self.listen.is_some()),
            ("--tcp", self.tcp),
            ("--upstream", self.upstream.is_some()),
            ("--cluster", !self.cluster.is_empty()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => {
                bail!("`{flag}` is for a module (`*.wasm`); a mesh file says it itself")
            }
            None => Ok(()),
        }
    }

    /// Starts the upstream if there is none; it ends when it is dropped.
    pub(super) async fn start_upstream(
        &mut self,
        module: &Path,
    ) -> anyhow::Result<Option<Upstream>> {
        if self.upstream.is_some() {
            return Ok(None);
        }
        let upstream = match self.protocol(&read(module)?)? {
            Protocol::Http => Upstream::start(UPSTREAM, ANY, demo(UPSTREAM, None)).await?,
            Protocol::Tcp => Upstream::echo(UPSTREAM, ANY).await?,
        };
        self.upstream = Some(upstream.address());
        Ok(Some(upstream))
    }

    pub(super) fn listener(&self, module: &Path) -> anyhow::Result<Listener> {
        let module = read(module)?;
        let configuration = match &self.configuration {
            Some(file) => {
                let file = ConfigurationFile::read(file, self.configuration_as)?;
                file.configuration().clone()
            }
            None => Configuration::default(),
        };
        let upstream = self.upstream.unwrap_or(ANY);
        let called = self.cluster.iter();
        let called = called.map(|(name, address)| Cluster::new(name, *address));
        let name = module.name.clone();
        Ok(Listener {
            name: name.clone(),
            address: self.listen.unwrap_or(LISTEN),
            protocol: self.protocol(&module)?,
            plugins: vec![Plugin::new(name, module, configuration)],
            routes: vec![Route {
                name: String::new(),
                state: None,
                cluster: UPSTREAM.to_owned(),
            }],
            clusters: std::iter::once(Cluster::new(UPSTREAM, upstream))
                .chain(called)
                .collect(),
            ..Listener::default()
        })
    }

    /// What is served where, and a line to try it with.
    pub(super) fn welcome(&self, module: &Path, subject: &dyn Subject) -> anyhow::Result<String> {
        let module = read(module)?;
        let protocol = self.protocol(&module)?;
        let (address, text) = welcome_to(&module.name, protocol, subject)?;
        let line = match protocol {
            Protocol::Http => format!("curl -i http://{address}/"),
            Protocol::Tcp => format!("nc {} {}", address.ip(), address.port()),
        };
        Ok(format!("{text}\n{line}\n"))
    }

    // Most SDKs export callbacks of both kinds, whatever a filter implements.
    fn protocol(&self, module: &ModuleFile) -> anyhow::Result<Protocol> {
        let exports = inspect(module)?.exports;
        let has = |name| exports.iter().any(|export| export.name == name);
        let is_of_connections = has("proxy_on_new_connection") && !has("proxy_on_request_headers");
        match self.tcp || is_of_connections {
            true => Ok(Protocol::Tcp),
            false => Ok(Protocol::Http),
        }
    }
}

fn read(module: &Path) -> anyhow::Result<ModuleFile> {
    ModuleFile::read(module).context("`host-runner build` compiles it")
}
