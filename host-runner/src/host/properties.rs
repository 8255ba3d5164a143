//! Properties: what a filter can ask about the stream it is in, as Envoy answers (section 3 of the host rules).
//!
//! A path leads through a tree: each family of attributes says which of its names are there at the moment, and what is
//! found at the end is encoded for the wire.

mod connection;
mod encoding;
mod family;
mod filter_state;
mod metadata;
mod plugin;
mod request;
mod response;
mod upstream;
mod value;
mod xds;

use crate::abi::Status;
use crate::host::stream::{Stream, StreamInfo};
use crate::host::vm_state::{Context, PluginIdentity, VmState};

use crate::host::tcp;
pub(crate) use encoding::encode;
pub(crate) use family::Family;
pub(crate) use value::Value;

/// From where one asks: a context sees its plugin and, if it is a stream's, the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) plugin: Option<&'a PluginIdentity>,
    pub(crate) info: Option<&'a StreamInfo>,
    /// The stream's messages, and which of its filters asks.
    pub(crate) http: Option<(&'a Stream, usize)>,
}

/// The value of a property in its wire encoding.
pub(crate) fn get(path: &[u8], state: &VmState) -> Result<Vec<u8>, Status> {
    if let Some((connection, _)) = state.connection()
        && plugin::attribute(View::of_target(state), path).is_none()
        && !path.starts_with(b"xds\0node\0")
    {
        return tcp::property(path, connection);
    }
    let view = View::of_target(state);
    encode(&view.find(path)?)
}

// === impl View ===

impl<'a> View<'a> {
    /// What hostcalls act on (rule P3).
    fn of_target(state: &'a VmState) -> Self {
        Self::of(state, state.target())
    }

    /// What the callback that runs is about.
    pub(crate) fn of_current(state: &'a VmState) -> Self {
        Self::of(state, state.current_context())
    }

    fn of(state: &'a VmState, context: Option<Context>) -> Self {
        let root = context.and_then(|context| state.roots.get(context.root()));
        let http = match context {
            Some(Context::Http { stream, filter, .. }) => {
                state.world.http.get(stream).map(|stream| (stream, filter))
            }
            _ => None,
        };
        Self {
            plugin: root.map(|root| &root.plugin),
            info: http.map(|(stream, _)| &stream.info),
            http,
        }
    }

    /// What a path leads to. Segments end with NUL, so that one NUL at the end of the path is none.
    fn find(self, path: &[u8]) -> Result<Value<'a>, Status> {
        if path.is_empty() {
            return Err(Status::SERIALIZATION_FAILURE);
        }
        let path = path.strip_suffix(&[0]).unwrap_or(path);
        let mut segments = path.split(|byte| *byte == 0);
        let name = segments.next().unwrap_or_default();
        let mut rest = segments.peekable();
        let last = rest.peek().is_none();
        let mut value = self.attribute(name, last).ok_or(Status::NOT_FOUND)?;
        for segment in rest {
            value = value.get(segment).ok_or(Status::NOT_FOUND)?;
        }
        Ok(value)
    }

    /// A top-level attribute. Built-in names win over those that filters set; a property that is all of a path is not
    /// looked into (rule P2).
    pub(crate) fn attribute(self, name: &[u8], last: bool) -> Option<Value<'a>> {
        let built_in = match name {
            b"metadata" => self.info.map(|_| metadata::empty()),
            b"connection_id" => connection::id(self.info?),
            name => plugin::attribute(self, name).or_else(|| Family::attribute(self, name)),
        };
        built_in.or_else(|| filter_state::property(self.info?, name, last))
    }
}
