//! Where scripts run: a listener for each of them on one proxy, its upstreams, and a listener that only settles things.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{
    Cluster, Configuration, Listener, ModuleFile, Plugin, Protocol, Route, VmOptions,
};
use host_runner::subject::Subject;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::client;
use super::grpc::GrpcServer;
use super::observe::{Notes, Transcript};
use super::script::{PluginOptions, PluginScript, Script};
use super::upstream::Server;

/// How long anything that is waited for may take.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// The clusters of a script; `{callout}` in a probe's script is the name of that one.
const CLUSTERS: [&str; 5] = ["upstream", "second", "callout", "refused", "grpc"];

/// How often the proxy settles, with no upstream at work, before it is called quiet.
const QUIET: usize = 25;

/// Requests that go there and back before the proxy is called settled. One could be overtaken by what another of the
/// proxy's threads is at, as one that the system lets wait.
const SETTLING: usize = 5;

/// The listener that settles things: it has no plugin.
const SETTLER: &str = "settler";

#[expect(
    missing_debug_implementations,
    reason = "a runtime and sockets have nothing to show"
)]
/// Scripts with their listeners and upstreams, for any number of hosts one after the other.
pub struct Stage {
    runtime: Runtime,
    sets: Vec<Set>,
    settler: Server,
    host: CurrentHost,
}

/// The host whose turn it is, as upstreams see it.
#[expect(
    missing_debug_implementations,
    reason = "a subject has nothing to show"
)]
#[derive(Clone, Default)]
pub struct CurrentHost(Arc<Mutex<Option<Host>>>);

/// A proxy that runs the stage's listeners.
#[expect(
    missing_debug_implementations,
    reason = "a subject has nothing to show"
)]
#[derive(Clone)]
pub struct Host {
    subject: Arc<dyn Subject>,
    busy: Arc<AtomicUsize>,
}

/// An upstream that is at a request, as long as this lives.
#[derive(Debug)]
pub struct Busy(Arc<AtomicUsize>);

// One script's part of the stage.
struct Set {
    script: Script,
    listener: Listener,
    notes: Notes,
    _servers: Vec<Server>,
    _grpc: GrpcServer,
    // Bound, so that nobody else gets its port, and never listened on.
    _refused: TcpSocket,
}

// === impl Stage ===

impl Stage {
    /// Prepares the scripts; `modules` is the folder of the probe's modules.
    ///
    /// # Errors
    /// When a module is missing or an address cannot be listened on.
    pub fn new(scripts: &[(String, Script)], modules: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let host = CurrentHost::default();
        let guard = runtime.enter();
        let mut files = Modules {
            folder: modules,
            read: HashMap::new(),
        };
        let sets = scripts
            .iter()
            .map(|(id, script)| Set::new(id, script, &mut files, &host));
        let sets = sets.collect::<anyhow::Result<_>>()?;
        let settler = Server::start("settler", Notes::default(), settled(), &host)?;
        drop(guard);
        Ok(Self {
            runtime,
            sets,
            settler,
            host,
        })
    }

    /// What a proxy must serve.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        let mut listeners: Vec<_> = self.sets.iter().map(|set| set.listener.clone()).collect();
        listeners.push(Listener {
            name: SETTLER.to_owned(),
            routes: vec![Route {
                name: String::new(),
                state: None,
                cluster: "settler".to_owned(),
            }],
            clusters: vec![Cluster::new("settler", self.settler.address())],
            ..Listener::default()
        });
        listeners
    }

    /// Runs all scripts on host-runner.
    ///
    /// # Errors
    /// When it does not start, or does not answer at all.
    pub fn run_on_host_runner(&self) -> anyhow::Result<Vec<Transcript>> {
        // As many as Envoy has workers here, so that what settles is settled.
        let options = FrontOptions {
            threads: Some(1),
            ..FrontOptions::default()
        };
        let front = Front::start(&self.listeners(), &options)?;
        self.run(Arc::new(front))
    }

    /// Runs all scripts on a real Envoy.
    ///
    /// # Errors
    /// When it does not start, or does not answer at all.
    pub fn run_on_envoy(&self) -> anyhow::Result<Vec<Transcript>> {
        let envoy = Envoy::start(&self.listeners(), &EnvoyOptions::default())?;
        self.run(Arc::new(envoy))
    }

    /// Runs all scripts on a proxy.
    ///
    /// # Errors
    /// When the proxy does not answer at all.
    pub fn run(&self, subject: Arc<dyn Subject>) -> anyhow::Result<Vec<Transcript>> {
        let host = Host {
            subject,
            busy: Arc::default(),
        };
        self.host.set(Some(host.clone()));
        let peers: anyhow::Result<Vec<_>> =
            self.sets.iter().map(|set| self.play(set, &host)).collect();
        // Scripts have nothing in common, so that one wait is enough for all.
        let quiet = host.await_quiet();
        let transcripts = peers.and_then(|peers| {
            quiet.with_context(|| format!("{} broke down", host.subject.name()))?;
            let seen = self.sets.iter().zip(peers);
            Ok(seen
                .map(|(set, peers)| set.transcript(&host, &peers))
                .collect())
        });
        self.host.set(None);
        transcripts
    }

    // Does what the client does, and says what it saw.
    fn play(&self, set: &Set, host: &Host) -> anyhow::Result<Notes> {
        let _ = set.notes.take();
        let (address, peers) = (host.address(&set.listener.name)?, Notes::default());
        let plugins = set.plugins();
        let client = (host, plugins.as_slice());
        if let Err(error) = client::run(&self.runtime, &set.script, address, client, &peers) {
            peers.add(format!("client! {error:#}"));
        }
        Ok(peers)
    }
}

fn settled() -> Vec<super::script::ServerStep> {
    let answer = "HTTP/1.1 200 OK\ncontent-length: 0\n\n";
    vec![super::script::ServerStep::Answer(answer.to_owned())]
}

// === impl Host ===

impl Host {
    fn address(&self, listener: &str) -> anyhow::Result<SocketAddr> {
        let address = self.subject.address(listener);
        address.with_context(|| format!("{} has no listener `{listener}`", self.subject.name()))
    }

    /// Waits until the proxy has dealt with all that was sent before: a request of its own has gone there and back, on
    /// the same thread of the proxy, some times.
    ///
    /// # Errors
    /// When the proxy does not answer.
    pub fn settle(&self) -> anyhow::Result<()> {
        let address = self.address(SETTLER)?;
        (0..SETTLING).try_for_each(|_| client::settle(address))
    }

    /// Waits until no upstream is at a request and nothing has happened for a while: several requests of its own have gone
    /// there and back.
    ///
    /// # Errors
    /// When the proxy does not answer.
    pub fn await_quiet(&self) -> anyhow::Result<()> {
        let mut quiet = 0;
        while quiet < QUIET {
            self.settle()?;
            quiet = if self.busy.load(Ordering::Acquire) == 0 {
                quiet + 1
            } else {
                0
            };
        }
        Ok(())
    }

    /// An upstream begins with a request.
    #[must_use]
    pub fn begin(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(&self.busy))
    }

    /// Waits for a line in the logs of some of these plugins.
    ///
    /// # Errors
    /// When it does not come.
    pub fn await_line(&self, plugins: &[String], text: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let mut lines = plugins.iter().flat_map(|plugin| self.subject.logs(plugin));
            if lines.any(|line| line.message.contains(text)) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("no log line has `{text}` after {PATIENCE:?}")
    }
}

// === impl Busy ===

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

// === impl CurrentHost ===

impl CurrentHost {
    fn set(&self, host: Option<Host>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = host;
    }

    /// The host whose turn it is.
    #[must_use]
    pub fn get(&self) -> Option<Host> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

// === impl Set ===

impl Set {
    fn new(
        id: &str,
        script: &Script,
        modules: &mut Modules<'_>,
        host: &CurrentHost,
    ) -> anyhow::Result<Self> {
        let notes = Notes::default();
        let serve = |cluster: &str, steps: Vec<_>| {
            let host = host.clone();
            Server::start(&format!("{cluster}>"), notes.clone(), steps, &host)
        };
        let names = script.all_plugins().len();
        let name_of = |index| {
            if names > 1 {
                format!("{id}.{index}")
            } else {
                id.to_owned()
            }
        };
        let names: Vec<_> = (0..names).map(name_of).collect();
        let mut upstream = serve("upstream", script.upstream_steps())?;
        let mut second = serve("second", script.upstream_steps())?;
        let mut callout = serve("callout", script.callout.clone())?;
        for server in [&mut upstream, &mut second, &mut callout] {
            server.watch(&names, script.tcp);
        }
        let grpc = GrpcServer::start(notes.clone(), script.grpc.clone(), (host, &names))?;
        let plugins = script.all_plugins();
        let plugins = plugins
            .iter()
            .zip(&names)
            .map(|(it, name)| plugin(name, id, it, modules));
        let named = |cluster: &str| format!("{id}.{cluster}");
        let route = |cluster: &str, state| Route {
            name: String::new(),
            state,
            cluster: named(cluster),
        };
        let mut routes = Vec::new();
        if let Some(state) = &script.second_when {
            routes.push(route("second", Some(state.clone())));
        }
        if !script.no_upstream {
            routes.push(route("upstream", None));
        }
        let refused = TcpSocket::new_v4()?;
        refused.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = Listener {
            name: id.to_owned(),
            protocol: if script.tcp {
                Protocol::Tcp
            } else {
                Protocol::Http
            },
            buffer_limit: script
                .buffer_limit
                .unwrap_or(host_runner::listener::BUFFER_LIMIT),
            trailers: script.trailers,
            plugins: plugins.collect::<anyhow::Result<_>>()?,
            routes,
            clusters: vec![
                Cluster::new(named("upstream"), upstream.address()),
                Cluster::new(named("second"), second.address()),
                Cluster::new(named("callout"), callout.address()),
                Cluster::new(named("refused"), refused.local_addr()?),
                Cluster {
                    http2: true,
                    ..Cluster::new(named("grpc"), grpc.address())
                },
            ],
            ..Listener::default()
        };
        Ok(Self {
            script: script.clone(),
            listener,
            notes,
            _servers: vec![upstream, second, callout],
            _grpc: grpc,
            _refused: refused,
        })
    }

    // What was seen, by the plugins first.
    fn transcript(&self, host: &Host, peers: &Notes) -> Transcript {
        let plugins = self.plugins();
        let mut lines = Vec::new();
        for (index, plugin) in plugins.iter().enumerate() {
            let logged = host.subject.logs(plugin).into_iter();
            let shown = logged
                .map(|line| line.message)
                .filter(|line| line.starts_with(['@', '~']));
            let label = |line: String| match plugins.len() {
                1 => line,
                _ => format!("{index} {line}"),
            };
            lines.extend(shown.map(label));
        }
        lines.extend(peers.take());
        lines.extend(self.notes.take());
        let id = format!("{}.", self.listener.name);
        let lines = lines.into_iter().map(|line| line.replace(&id, ""));
        Transcript::new(&self.script, lines)
    }

    fn plugins(&self) -> Vec<String> {
        let plugins = self.listener.plugins.iter();
        plugins.map(|plugin| plugin.name.clone()).collect()
    }
}

fn plugin(
    name: &str,
    id: &str,
    script: &PluginScript,
    modules: &mut Modules<'_>,
) -> anyhow::Result<Plugin> {
    let PluginOptions {
        abi,
        vm_id,
        environment,
        failure,
        stop_iteration,
        members,
        allowed,
    } = script.options.clone();
    let module = match abi.as_deref() {
        None | Some("0.2.1") => modules.get("probe")?,
        Some("0.2.0") => modules.get("probe-0-2-0")?,
        Some("0.1.0") => modules.get("probe-0-1-0")?,
        Some(other) => bail!("there is no probe for ABI `{other}`"),
    };
    // Clusters are global in a proxy: each script's have names of their own.
    let probe = CLUSTERS
        .iter()
        .fold(script.probe.trim().to_owned(), |probe, cluster| {
            probe.replace(&format!("{{{cluster}}}"), &format!("{id}.{cluster}"))
        });
    let configuration = members.map_or(Configuration::from(probe), Configuration::Struct);
    let mut plugin = Plugin::new(name, module, configuration);
    plugin.vm = VmOptions {
        id: Some(match vm_id.as_deref() {
            None => id.to_owned(),
            Some("own") => name.to_owned(),
            Some(other) => other.to_owned(),
        }),
        configuration: script.vm.trim().to_owned(),
        environment: environment.into_iter().collect(),
    };
    plugin.failure_policy = failure.map_or_else(Default::default, Into::into);
    plugin.allow_on_headers_stop_iteration = stop_iteration;
    plugin.allowed_capabilities = allowed;
    Ok(plugin)
}

// The probe's modules, each read once.
struct Modules<'a> {
    folder: &'a Path,
    read: HashMap<String, ModuleFile>,
}

// === impl Modules ===

impl Modules<'_> {
    fn get(&mut self, name: &str) -> anyhow::Result<ModuleFile> {
        if let Some(module) = self.read.get(name) {
            return Ok(module.clone());
        }
        let module = ModuleFile::read(&self.folder.join(format!("{name}.wasm")))?;
        self.read.insert(name.to_owned(), module.clone());
        Ok(module)
    }
}
