//! Arguments and results of foreign functions (`envoy/source/extensions/common/wasm/ext/*.proto`).

use prost::Message;

use crate::abi::Status;
use crate::host::filter_state::{Kind, Prototype, Span};

/// The argument of `verify_signature`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VerifySignatureArguments {
    #[prost(string, tag = "1")]
    pub(super) hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) text: Vec<u8>,
    #[prost(string, tag = "5")]
    pub(super) public_key_pem: String,
}

/// Its result.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VerifySignatureResult {
    #[prost(bool, tag = "1")]
    pub(super) result: bool,
    #[prost(string, tag = "2")]
    pub(super) error: String,
}

/// The argument of `sign`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SignArguments {
    #[prost(string, tag = "1")]
    pub(super) hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) private_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) text: Vec<u8>,
    #[prost(string, tag = "4")]
    pub(super) private_key_pem: String,
}

/// Its result.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SignResult {
    #[prost(bool, tag = "1")]
    pub(super) result: bool,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) signature: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(super) error: String,
}

/// The argument of `set_envoy_filter_state`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SetEnvoyFilterState {
    #[prost(string, tag = "1")]
    pub(crate) path: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
    #[prost(int32, tag = "3")]
    span: i32,
}

/// The argument of `declare_property`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeclareProperty {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bool, tag = "2")]
    read_only: bool,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(bytes = "vec", tag = "4")]
    schema: Vec<u8>,
    #[prost(int32, tag = "5")]
    span: i32,
}

/// Reads an argument; what is malformed is a bad argument.
pub(super) fn read<M: Message + Default>(argument: &[u8]) -> Result<M, Status> {
    M::decode(argument).map_err(|_| Status::BAD_ARGUMENT)
}

// === impl SetEnvoyFilterState ===

impl SetEnvoyFilterState {
    pub(crate) fn read(argument: &[u8]) -> Result<Self, Status> {
        read(argument)
    }

    pub(crate) fn life_span(&self) -> Span {
        Span::from_wire(self.span)
    }
}

// === impl DeclareProperty ===

impl DeclareProperty {
    pub(crate) fn read(argument: &[u8]) -> Result<Self, Status> {
        read(argument)
    }

    pub(crate) fn prototype(&self) -> Prototype {
        Prototype {
            read_only: self.read_only,
            kind: Kind::from_wire(self.kind),
            schema: self.schema.clone(),
            span: Span::from_wire(self.span),
        }
    }
}
