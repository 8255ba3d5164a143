//! A subject is something that runs listeners and can be asked what happened: host-runner itself, or a real Envoy.

use std::net::SocketAddr;
use std::time::SystemTime;

/// A running proxy. Dropping it ends everything it started.
pub trait Subject: Send + Sync {
    /// `runner` or `envoy`.
    fn name(&self) -> &'static str;

    /// Where the listener of that name really listens (its port is known only now if it was 0).
    fn address(&self, listener: &str) -> Option<SocketAddr>;

    /// What the plugin of that name has logged so far, in order. A line logged before a response was sent is
    /// here once the client has that response.
    fn logs(&self, plugin: &str) -> Vec<LogLine>;

    /// Sets the clock that filters see and returns whether that was possible: a real Envoy has the machine's.
    fn set_clock(&self, now: SystemTime) -> bool;
}

/// One line a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Lower case: `trace`, `debug`, `info`, `warn`, `error` or `critical`.
    pub level: String,
    /// The message, without any prefix of the host.
    pub message: String,
}
