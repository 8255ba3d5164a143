//! A subject is something that runs listeners and can be asked what happened: host-runner itself, or a real Envoy.

use std::net::SocketAddr;
use std::time::SystemTime;

use anyhow::Context as _;

use crate::listener::Protocol;
use crate::scenario::client::{ClientRequest, Response};

/// A running proxy. Dropping it ends everything it started.
pub trait Subject: Send + Sync {
    /// `runner`, `envoy` or `memory`, and how it is other than that, if it is.
    fn name(&self) -> &str;

    /// Where the listener of that name really listens (its port is known only now if it was 0).
    fn address(&self, listener: &str) -> Option<SocketAddr>;

    /// Sends a request to the listener of that name, where that needs no socket.
    fn send(&self, _listener: &str, _request: &ClientRequest) -> Option<anyhow::Result<Response>> {
        None
    }

    /// Whether it is reached over sockets, which TCP connections need.
    fn has_sockets(&self) -> bool {
        true
    }

    /// Whether it delivers messages in other pieces than they are sent in.
    fn splits_messages(&self) -> bool {
        false
    }

    /// What the plugin of that name has logged so far, in order. A line logged before a response was sent is
    /// here once the client has that response.
    fn logs(&self, plugin: &str) -> Vec<LogLine>;

    /// Sets the clock that filters see and returns whether that was possible: a real Envoy has the machine's.
    fn set_clock(&self, now: SystemTime) -> bool;

    /// The dearest call of each callback of that plugin since this was last asked, each number on its own; nothing
    /// where costs cannot be counted (a real Envoy), or are not.
    fn take_costs(&self, _plugin: &str) -> Vec<CallbackCost> {
        Vec::new()
    }
}

/// For a person: where a listener is served, and the line that says so.
pub(crate) fn welcome_to(
    listener: &str,
    protocol: Protocol,
    subject: &dyn Subject,
) -> anyhow::Result<(SocketAddr, String)> {
    let address = subject.address(listener).context("it is being served")?;
    let proxy = match subject.name() {
        "envoy" => "a real Envoy",
        _ => "host-runner",
    };
    let scheme = match protocol {
        Protocol::Http => "http",
        Protocol::Tcp => "tcp",
    };
    let text =
        format!("{listener} is served by {proxy} on {scheme}://{address} (Ctrl-C ends it)\n");
    Ok((address, text))
}

/// What guest code used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// A deterministic count of the instructions it ran.
    pub fuel: u64,
    /// Bytes of memory that its VM has.
    pub memory: u64,
    /// Functions of the host that it called.
    pub hostcalls: u64,
}

/// What one callback of a plugin used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackCost {
    /// Its name, such as `proxy_on_request_headers`.
    pub callback: String,
    /// The cost of one call.
    pub cost: Cost,
}

/// One line a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Lower case: `trace`, `debug`, `info`, `warn`, `error` or `critical`.
    pub level: String,
    /// The message, without any prefix of the host.
    pub message: String,
}
