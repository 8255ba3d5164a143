//! What `declare_property` says of a property before it is set (rule F4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Span;
use crate::abi::{HostcallResult, Status};

/// What the bytes of a property are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Bytes,
    Text,
    FlatBuffers,
    Protobuf,
}

/// A declaration; the default is what an undeclared property is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prototype {
    pub(crate) read_only: bool,
    pub(crate) kind: Kind,
    /// Of a protobuf message: its type URL.
    pub(crate) schema: Vec<u8>,
    pub(crate) span: Span,
}

/// The declarations of a context, by name.
#[derive(Debug, Default)]
pub(crate) struct Prototypes {
    declared: BTreeMap<Vec<u8>, Arc<Prototype>>,
}

// === impl Prototypes ===

impl Prototypes {
    /// Once a name.
    pub(crate) fn declare(&mut self, name: Vec<u8>, prototype: Prototype) -> HostcallResult {
        if self.declared.contains_key(&name) {
            return Err(Status::BAD_ARGUMENT);
        }
        self.declared.insert(name, Arc::new(prototype));
        Ok(())
    }

    pub(crate) fn of(&self, name: &[u8]) -> Arc<Prototype> {
        self.declared.get(name).cloned().unwrap_or_default()
    }
}

// === impl Kind ===

impl Kind {
    /// As `declare_property` numbers them; what is no type is bytes.
    pub(crate) fn from_wire(value: i32) -> Self {
        match value {
            1 => Self::Text,
            2 => Self::FlatBuffers,
            3 => Self::Protobuf,
            _ => Self::Bytes,
        }
    }
}
