//! The traits that a filter author implements.

use std::future::Future;

use serde::de::DeserializeOwned;

use crate::config::PluginConfig;
use crate::connection::{Connection, Passage};
use crate::core::ConfigError;
use crate::error::Error;
use crate::flow::Flow;
use crate::listed;
use crate::log_entry::LogEntry;
use crate::message::{Request, Response};
use crate::reply::not_judged;
use crate::root::Root;

/// One plugin: built once from its configuration, then shared by all streams of its VM.
///
/// A type that serde can deserialise is a filter already: it is its own configuration. Write
/// [`#[meshwright::config]`](macro@crate::config) above it, so that a misspelt field is an error at start and not a rule that
/// silently never applies. Implement this for a type that is built from its configuration, or has none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Meshwright filter",
    note = "write `#[meshwright::config]` above a type that is its own configuration, or implement `meshwright::Filter`"
)]
pub trait Filter: Sized + 'static {
    /// The plugin configuration, read from JSON; [`NoConfig`](crate::NoConfig) when there is none.
    type Config: PluginConfig;

    /// Builds the filter. Compile here whatever makes its handlers cheap.
    ///
    /// # Errors
    /// A [`ConfigError`] stops the proxy from starting (or the update from being applied); its JSON pointer is logged.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// What becomes of a message whose handler failed. Unless you say otherwise it is denied, because nobody judged it:
    /// the client gets 500, or 413 for a body over its limit; the details name the error, and the log says what it was.
    fn on_error(&self, error: &Error) -> Flow {
        log::error!("the message is denied, because it could not be judged: {error}");
        Flow::Reply(not_judged(error.status(), error.code()))
    }
}

/// Handles requests.
pub trait OnRequest: Filter + listed::OnRequest {
    /// Called with the headers of each request.
    ///
    /// # Errors
    /// Pass what failed on with `?`; see [`Filter::on_error`].
    fn on_request(&self, request: Request<Self>) -> impl Future<Output = Result<Flow, Error>>;
}

/// Handles responses, but those that a handler of requests waits for.
pub trait OnResponse: Filter + listed::OnResponse {
    /// Called with the headers of each response: the upstream's, or a local reply of a later filter or the proxy, or of
    /// this one (rule Y2).
    ///
    /// # Errors
    /// Pass what failed on with `?`; see [`Filter::on_error`].
    fn on_response(&self, response: Response<Self>) -> impl Future<Output = Result<Flow, Error>>;
}

/// Handles TCP connections, as a network filter.
pub trait OnConnection: Filter + listed::OnConnection {
    /// Called with each new connection, before the upstream is connected to.
    ///
    /// # Errors
    /// Pass what failed on with `?`: the connection is closed, unless [`Filter::on_error`] says that it goes on.
    fn on_connection(
        &self,
        connection: Connection<Self>,
    ) -> impl Future<Output = Result<Passage, Error>>;
}

/// Does what is to be done beside all streams: once, or for as long as the plugin lives.
pub trait OnStart: Filter + listed::OnStart {
    /// Called in each VM once the plugin is configured there: in each worker's, in that of the main thread, and in the one
    /// that proxies only rehearse the start in (rule L2). Streams do not wait for it.
    ///
    /// # Errors
    /// Pass what failed on with `?`; it is logged.
    fn on_start(&self, root: Root<Self>) -> impl Future<Output = Result<(), Error>>;
}

/// Looks at exchanges that are over.
pub trait OnLog: Filter + listed::OnLog {
    /// Called once for each exchange. Nothing can be changed or waited for any more.
    ///
    /// # Errors
    /// Pass what failed on with `?`; it is logged.
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error>;
}

impl<T: DeserializeOwned + 'static> Filter for T {
    type Config = Self;

    fn new(config: Self) -> Result<Self, ConfigError> {
        Ok(config)
    }
}
