//! One running Envoy: started from listeners in a private folder, ready when `start` returns, gone when dropped.
//! It loads exactly the module bytes that the listeners carry, and can be asked for their hashes afterwards.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::admin::Admin;
use super::bootstrap::{BootstrapOptions, bootstrap};
use super::guard::Guard;
use super::locate::{self, Located};
use super::log::{self, LogFile};
use super::run_files::RunFiles;
use crate::listener::{Listener, sha256_hex};
use crate::subject::{LogLine, Subject};

/// How often a starting Envoy is asked whether it is ready.
const POLL: Duration = Duration::from_millis(10);

/// How to run Envoy.
#[derive(Debug, Clone)]
pub struct EnvoyOptions {
    /// Which Envoy; none means the one that [`locate::require`] finds.
    pub envoy: Option<Located>,
    /// Worker threads. With 1, all requests meet the same VM, and measurements mean something.
    pub concurrency: u32,
    /// How long it may take to become ready. Modules are compiled in that time, a second or so for each large one.
    pub ready_within: Duration,
}

/// A running Envoy. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Envoy {
    located: Located,
    // Dropped in this order: the guard must not act on what is being ended on purpose.
    _guard: Guard,
    process: Process,
    admin: Admin,
    log: LogFile,
    addresses: BTreeMap<String, SocketAddr>,
    _files: RunFiles,
}

/// A child process that does not outlive this value.
#[derive(Debug)]
struct Process(Child);

// === impl EnvoyOptions ===

impl Default for EnvoyOptions {
    fn default() -> Self {
        Self {
            envoy: None,
            concurrency: 1,
            ready_within: Duration::from_mins(2),
        }
    }
}

// === impl Envoy ===

impl Envoy {
    /// Starts Envoy with these listeners and waits until it serves them.
    ///
    /// # Errors
    /// When there is no Envoy, or it does not become ready: a filter refuses its configuration, a port is taken. The
    /// error holds what Envoy and the plugins logged about it.
    pub fn start(listeners: &[Listener], options: &EnvoyOptions) -> anyhow::Result<Self> {
        let files = RunFiles::create()?;
        let bootstrap_options = BootstrapOptions {
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            modules: Some(files.folder().to_owned()),
        };
        files.write_modules(listeners)?;
        Self::launch(&bootstrap(listeners, &bootstrap_options), files, options)
    }

    /// Starts Envoy with a bootstrap of one's own, such as one with Envoy's native filters. It must have an admin
    /// address with port 0 or a free one.
    ///
    /// # Errors
    /// As [`Envoy::start`].
    pub fn run(bootstrap: &Value, options: &EnvoyOptions) -> anyhow::Result<Self> {
        Self::launch(bootstrap, RunFiles::create()?, options)
    }

    fn launch(bootstrap: &Value, files: RunFiles, options: &EnvoyOptions) -> anyhow::Result<Self> {
        let located = options.envoy.clone().map_or_else(locate::require, Ok)?;
        std::fs::write(files.bootstrap(), serde_json::to_vec_pretty(bootstrap)?)?;
        let mut process = Process::spawn(&located.path, &files, options.concurrency)?;
        let guard = Guard::over(process.0.id(), files.folder())?;
        let log = LogFile::new(files.log());
        let admin = wait_until_ready(&mut process, &files, &log, options.ready_within)?;
        Ok(Self {
            located,
            _guard: guard,
            process,
            addresses: listener_addresses(&admin.json("/listeners?format=json")?),
            admin,
            log,
            _files: files,
        })
    }

    /// Which Envoy it is.
    #[must_use]
    pub fn located(&self) -> &Located {
        &self.located
    }

    /// Its process id, for measuring what it costs.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.0.id()
    }

    /// The SHA-256 of the module file that each plugin was loaded from, by plugin name, as Envoy itself reports its
    /// configuration.
    ///
    /// # Errors
    /// When Envoy does not answer or a file it names cannot be read.
    pub fn module_hashes(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        collect_module_files(&self.admin.json("/config_dump")?, &mut files);
        let hash = |(plugin, file): (String, PathBuf)| {
            let bytes = std::fs::read(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            Ok((plugin, sha256_hex(&bytes)))
        };
        files.into_iter().map(hash).collect()
    }

    /// Its metrics, as Prometheus reads them. Those of workers are there soon after what they count.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn metrics(&self) -> anyhow::Result<String> {
        self.admin.text("/stats/prometheus")
    }
}

impl Subject for Envoy {
    fn name(&self) -> &str {
        "envoy"
    }

    fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.addresses.get(listener).copied()
    }

    fn logs(&self, plugin: &str) -> Vec<LogLine> {
        self.log.of_plugin(plugin)
    }

    /// Envoy's filters see the machine's clock.
    fn set_clock(&self, _now: SystemTime) -> bool {
        false
    }
}

/// Asks until Envoy answers that it is ready, has ended, or has taken too long.
fn wait_until_ready(
    process: &mut Process,
    files: &RunFiles,
    log: &LogFile,
    within: Duration,
) -> anyhow::Result<Admin> {
    let started = Instant::now();
    loop {
        if let Some(status) = process.0.try_wait()? {
            bail!(
                "Envoy did not start ({status}):\n  {}",
                log.errors().join("\n  ")
            );
        }
        match files.admin() {
            Some(admin) if admin.is_ready() => return Ok(admin),
            _ if started.elapsed() > within => {
                bail!(
                    "Envoy was not ready after {within:?}:\n  {}",
                    log.errors().join("\n  ")
                )
            }
            _ => std::thread::sleep(POLL),
        }
    }
}

/// Real addresses by listener name, from `envoy.admin.v3.Listeners`.
fn listener_addresses(listeners: &Value) -> BTreeMap<String, SocketAddr> {
    let address = |status: &Value| {
        let socket = status.pointer("/local_address/socket_address")?;
        let ip = socket.get("address")?.as_str()?.parse().ok()?;
        let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
        Some((
            status.get("name")?.as_str()?.to_owned(),
            SocketAddr::new(ip, port),
        ))
    };
    let statuses = listeners.get("listener_statuses").and_then(Value::as_array);
    statuses.into_iter().flatten().filter_map(address).collect()
}

/// Plugin configurations may be anywhere in a dump, so every object is looked at.
fn collect_module_files(value: &Value, files: &mut BTreeMap<String, PathBuf>) {
    let name = value.get("name").and_then(Value::as_str);
    let file = value
        .pointer("/vm_config/code/local/filename")
        .and_then(Value::as_str);
    if let (Some(name), Some(file)) = (name, file) {
        files.insert(name.to_owned(), file.into());
    }
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_module_files(item, files)),
        Value::Object(fields) => fields
            .values()
            .for_each(|field| collect_module_files(field, files)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

// === impl Process ===

impl Process {
    fn spawn(envoy: &Path, files: &RunFiles, concurrency: u32) -> anyhow::Result<Self> {
        let child = Command::new(envoy)
            .arg("--config-path")
            .arg(files.bootstrap())
            .arg("--admin-address-path")
            .arg(files.admin_address())
            .args(["--concurrency", &concurrency.to_string()])
            .args([
                "--log-level",
                "info",
                "--component-log-level",
                "wasm:debug",
                "--log-format",
                log::FORMAT,
            ])
            // No shared memory and no domain socket, so any number of them can run side by side without a base id.
            .arg("--disable-hot-restart")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(files.log())?)
            // Out of the terminal's group, so that Ctrl-C reaches host-runner alone, which then ends Envoy.
            .process_group(0)
            .spawn();
        Ok(Self(child.with_context(|| {
            format!("cannot run `{}`", envoy.display())
        })?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests;
