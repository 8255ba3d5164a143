//! The trait that a filter author implements.

use meshwright_core::{ConfigError, Verdict};
use serde::de::DeserializeOwned;

use crate::host::HostError;
use crate::request::Request;

/// One plugin: built once from its configuration, then asked about every request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Meshwright filter",
    note = "implement `meshwright::Filter`: a `Config` type, `new`, and `on_request`"
)]
pub trait Filter: Sized + 'static {
    /// The plugin configuration, read from JSON. Use `#[serde(deny_unknown_fields)]`, so that a misspelt field is
    /// an error at start and not a rule that silently never applies.
    type Config: DeserializeOwned;

    /// Builds the filter. Compile here whatever makes [`on_request`](Self::on_request) cheap.
    ///
    /// # Errors
    /// A [`ConfigError`] stops the proxy from starting (or the update from being applied); its JSON pointer is logged.
    fn new(config: Self::Config) -> Result<Self, ConfigError>;

    /// Judges one request from its head.
    ///
    /// # Errors
    /// Pass a failed hostcall on with `?`: the request is then denied, because nobody judged it.
    fn on_request(&self, request: &Request<'_>) -> Result<Verdict, HostError>;
}
