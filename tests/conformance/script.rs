//! Scripts as their files have them. One file is one group; everything that a script does not say has a default.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use host_runner::listener::FailurePolicy;
use host_runner::yaml::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One file of scripts.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What the group is about.
    pub description: String,
    /// Its scripts.
    pub scripts: Vec<Script>,
    /// The file's stem.
    #[serde(skip)]
    pub name: String,
}

/// One exchange with a listener of its own, whose plugins run probe scripts.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Script {
    /// Says what is claimed; unique within its group.
    pub name: String,
    /// The rule ids of `host-abi.md` that it shows.
    pub rules: Vec<String>,
    /// The probe's script, when there is one plugin.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub probe: String,
    /// The probe's script in the VM configuration, when there is one plugin.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vm: String,
    /// How that plugin is configured beside its script.
    #[serde(flatten)]
    pub options: PluginOptions,
    /// Several plugins, in the order of requests, instead of `probe`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginScript>,
    /// The listener's buffer limit in bytes (rule B1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer_limit: Option<u32>,
    /// Whether HTTP/1 trailers pass (rule L12).
    #[serde(skip_serializing_if = "is_false")]
    pub trailers: bool,
    /// Network filters on a TCP listener.
    #[serde(skip_serializing_if = "is_false")]
    pub tcp: bool,
    /// The client speaks HTTP/2 with prior knowledge.
    #[serde(skip_serializing_if = "is_false")]
    pub h2: bool,
    /// Leaves the listener without a route to the upstream.
    #[serde(skip_serializing_if = "is_false")]
    pub no_upstream: bool,
    /// Before the route to `upstream`, one to `second` for streams with this filter state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_when: Option<(String, String)>,
    /// The one request of the client, sent at once. Line ends of the head become CRLF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What the client does, instead of `request`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client: Vec<ClientStep>,
    /// What the upstream answers at once. Line ends of the head become CRLF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// What the upstream does with each request, instead of `response`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<ServerStep>,
    /// What the cluster `callout` does with each request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub callout: Vec<ServerStep>,
    /// What the cluster `grpc` answers to each call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAnswer>,
    /// What is not compared, each with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
}

/// How a plugin is configured.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginOptions {
    /// Which version of the ABI the probe speaks: `0.1.0`, `0.2.0` or `0.2.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// The VM id; by default the plugins of a script share one, and with `own` each has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_id: Option<String>,
    /// WASI environment variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<(String, String)>,
    /// `closed`, `open` or `reload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// `allow_on_headers_stop_iteration` (rule A1).
    #[serde(skip_serializing_if = "is_false")]
    pub stop_iteration: bool,
    /// A `Struct` as plugin configuration, instead of the probe's script (rule K3).
    #[serde(rename = "struct", skip_serializing_if = "Option::is_none")]
    pub members: Option<Map<String, Value>>,
    /// `allowed_capabilities` (rule K1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// One plugin of several.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginScript {
    /// The probe's script.
    pub probe: String,
    /// The probe's script in the VM configuration.
    pub vm: String,
    /// The rest.
    #[serde(flatten)]
    pub options: PluginOptions,
}

/// A failure policy, in short.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// `FAIL_CLOSED`.
    Closed,
    /// `FAIL_OPEN`.
    Open,
    /// `FAIL_RELOAD`.
    Reload,
}

/// One thing a client does. It connects before its first step, and closes after its last.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientStep {
    /// Sends a head, its line ends as CRLF, and whatever follows the blank line as it is.
    Head(String),
    /// Sends bytes as they are; in HTTP/2 one DATA frame.
    Send(String),
    /// Sends that many bytes `x`.
    Fill(usize),
    /// HTTP/2: sends trailers, which end the request.
    Trailers(Vec<(String, String)>),
    /// Waits until a line of some plugin's log contains that.
    Await(String),
    /// Waits until the proxy has dealt with what was sent.
    Settle,
    /// Reads a whole response and records it.
    Receive,
    /// Reads until the proxy closes the connection, and records what came.
    Drain,
    /// Records whether anything has come.
    Nothing,
    /// Reads the response as far as it comes, and closes the connection: a stream that hangs is not waited for.
    Finish,
    /// Ends the sending half.
    Shutdown,
    /// Closes the connection.
    Close,
    /// Closes the connection and opens another.
    Reconnect,
}

/// One thing a server does with a request. It reads a whole request before its first step unless that is `head`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerStep {
    /// Reads the head of the request only.
    Head,
    /// Reads the rest of the request.
    Rest,
    /// Reads that many bytes (TCP).
    Read(usize),
    /// Sends a response, the line ends of its head as CRLF.
    Answer(String),
    /// Sends bytes as they are.
    Send(String),
    /// Sends that many bytes `x`.
    Fill(usize),
    /// Waits until a line of some plugin's log contains that.
    Await(String),
    /// Waits until the proxy has dealt with what was sent.
    Settle,
    /// Waits until the proxy gives up.
    Hang,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// What a gRPC server answers.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrpcAnswer {
    /// Extra initial metadata.
    pub metadata: Vec<(String, String)>,
    /// The messages, as text.
    pub messages: Vec<String>,
    /// `grpc-status`; none breaks the stream off instead.
    pub status: Option<u32>,
    /// `grpc-message`.
    pub message: String,
    /// Extra trailing metadata.
    pub trailers: Vec<(String, String)>,
    /// Waits for this log line before it answers.
    pub after: Option<String>,
}

/// Something that is left out of the comparison.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// `client`, `upstream`, `callout`, or the beginning of a log line.
    pub what: String,
    /// Why.
    pub because: String,
}

// === impl Group ===

impl Group {
    /// All groups of a folder, by name.
    ///
    /// # Errors
    /// When a file cannot be read or is not a group, or two scripts have one name.
    pub fn read_all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let entries: Result<Vec<_>, _> = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read `{}`", folder.display()))?
            .collect();
        let mut files: Vec<PathBuf> = entries?.into_iter().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|it| it == "yaml"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> anyhow::Result<Self> {
        let mut group: Self = Source::read(file)?.parse_only()?;
        group.name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut names: Vec<&String> = group.scripts.iter().map(|script| &script.name).collect();
        names.sort();
        let twice = names.windows(2).find(|pair| pair.first() == pair.last());
        ensure!(
            twice.is_none(),
            "{}: two scripts are named {twice:?}",
            file.display()
        );
        Ok(group)
    }
}

// === impl Script ===

impl Script {
    /// The plugins, whichever way they are written.
    #[must_use]
    pub fn all_plugins(&self) -> Vec<PluginScript> {
        if !self.plugins.is_empty() {
            return self.plugins.clone();
        }
        vec![PluginScript {
            probe: self.probe.clone(),
            vm: self.vm.clone(),
            options: self.options.clone(),
        }]
    }

    /// The steps of the client: those given, or one request and its response.
    #[must_use]
    pub fn client_steps(&self) -> Vec<ClientStep> {
        if !self.client.is_empty() {
            return self.client.clone();
        }
        let request = self.request.clone();
        let request = request.unwrap_or_else(|| "GET / HTTP/1.1\nhost: h\n\n".to_owned());
        vec![ClientStep::Head(request), ClientStep::Receive]
    }

    /// The steps of the upstream: those given, or one response.
    #[must_use]
    pub fn upstream_steps(&self) -> Vec<ServerStep> {
        if !self.upstream.is_empty() {
            return self.upstream.clone();
        }
        let response = self.response.clone();
        let response =
            response.unwrap_or_else(|| "HTTP/1.1 200 OK\ncontent-length: 5\n\nhello".to_owned());
        vec![ServerStep::Answer(response)]
    }
}

// === impl Failure ===

impl From<Failure> for FailurePolicy {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Closed => Self::FailClosed,
            Failure::Open => Self::FailOpen,
            Failure::Reload => Self::FailReload,
        }
    }
}

/// A head with its line ends as CRLF; what follows the first blank line stays as it is.
#[must_use]
pub fn with_crlf(text: &str) -> Vec<u8> {
    if text.contains('\r') {
        return text.as_bytes().to_vec();
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let head = head.replace('\n', "\r\n");
    format!("{head}\r\n\r\n{body}").into_bytes()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde's skip_serializing_if takes"
)]
fn is_false(value: &bool) -> bool {
    !value
}
