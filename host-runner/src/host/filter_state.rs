//! Filter state: what the filters of a stream, or of its connection, leave for one another (rules P2, F4, F5).

pub(crate) mod known;
pub(crate) mod prototype;
pub(crate) mod well_known;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::{HostcallResult, Status};

pub(crate) use prototype::{Kind, Prototype, Prototypes};

/// What `set_property` puts in front of the name.
const PREFIX: &[u8] = b"wasm.";

/// How long an object lives. The first that a key is set with stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Span {
    #[default]
    FilterChain,
    Request,
    Connection,
}

/// An object of the filter state.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// Set by `set_property`.
    Property(Property),
    /// Set by `set_envoy_filter_state`; it reads as this text.
    Text(Vec<u8>),
    /// Likewise; it reads as a map with nothing in it.
    Fields,
    /// Likewise; it cannot be read.
    Opaque,
}

/// A property's bytes, and as what it was declared.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) prototype: Arc<Prototype>,
    pub(crate) value: Vec<u8>,
}

type Objects = BTreeMap<Vec<u8>, Object>;

/// The part of the filter state that all streams of a connection share.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionState(Arc<Mutex<Objects>>);

/// The filter state of a stream.
#[derive(Debug, Default)]
pub(crate) struct FilterState {
    chain: Objects,
    request: Objects,
    connection: ConnectionState,
}

// === impl FilterState ===

impl FilterState {
    pub(crate) fn new(connection: ConnectionState) -> Self {
        Self {
            connection,
            ..Self::default()
        }
    }

    /// The object of that key, wherever it lives.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Object> {
        let own = self.chain.get(key).or_else(|| self.request.get(key));
        own.cloned()
            .or_else(|| self.connection.with(|objects| objects.get(key).cloned()))
    }

    /// The property that was set under that name.
    pub(crate) fn property(&self, name: &[u8]) -> Option<Property> {
        match self.get(&key(name))? {
            Object::Property(property) => Some(property),
            Object::Text(_) | Object::Fields | Object::Opaque => None,
        }
    }

    /// Puts an object in, unless its key lives another span already.
    pub(crate) fn set(&mut self, key: &[u8], object: Object, span: Span) {
        let taken = self.span_of(key).is_some_and(|taken| taken != span);
        if !taken {
            self.with(span, |objects| objects.insert(key.to_vec(), object));
        }
    }

    /// Sets a property as it was declared: a new one under its prototype, one that is there unless it is read-only.
    pub(crate) fn set_property(
        &mut self,
        name: &[u8],
        value: Vec<u8>,
        prototypes: &Prototypes,
    ) -> HostcallResult {
        let prototype = match self.property(name) {
            Some(property) if property.prototype.read_only => return Err(Status::BAD_ARGUMENT),
            Some(property) => property.prototype,
            None => prototypes.of(name),
        };
        let key = key(name);
        let span = self.span_of(&key).unwrap_or(prototype.span);
        self.set(&key, Object::Property(Property { prototype, value }), span);
        Ok(())
    }

    fn span_of(&self, key: &[u8]) -> Option<Span> {
        if self.chain.contains_key(key) {
            Some(Span::FilterChain)
        } else if self.request.contains_key(key) {
            Some(Span::Request)
        } else {
            let shared = self.connection.with(|objects| objects.contains_key(key));
            shared.then_some(Span::Connection)
        }
    }

    fn with<T>(&mut self, span: Span, change: impl FnOnce(&mut Objects) -> T) -> T {
        match span {
            Span::FilterChain => change(&mut self.chain),
            Span::Request => change(&mut self.request),
            Span::Connection => self.connection.with(change),
        }
    }
}

fn key(name: &[u8]) -> Vec<u8> {
    [PREFIX, name].concat()
}

// === impl ConnectionState ===

impl ConnectionState {
    fn with<T>(&self, look: impl FnOnce(&mut Objects) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// === impl Span ===

impl Span {
    /// As the foreign functions number them; what is no span is the shortest.
    pub(crate) fn from_wire(value: i32) -> Self {
        match value {
            1 => Self::Request,
            2 => Self::Connection,
            _ => Self::FilterChain,
        }
    }
}

#[cfg(test)]
mod tests;
