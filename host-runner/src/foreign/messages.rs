//! Arguments and results of foreign functions (`envoy/source/extensions/common/wasm/ext/*.proto`).

use prost::Message;
use prost::encoding::WireType::{self, LengthDelimited, Varint};
use prost::encoding::{DecodeContext, decode_key, skip_field};

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

/// The wire types of a message's fields, from field 1 on.
pub(super) trait Fields {
    const WIRE: &'static [WireType];
}

/// Reads an argument; what is malformed is a bad argument. A field of another wire type than its own is an unknown one
/// to Envoy's protobuf, and left out here because prost takes it for malformed.
pub(super) fn read<M: Message + Default + Fields>(argument: &[u8]) -> Result<M, Status> {
    let known = known_fields(argument, M::WIRE).ok();
    known
        .and_then(|fields| M::decode(fields.as_slice()).ok())
        .ok_or(Status::BAD_ARGUMENT)
}

fn known_fields(mut rest: &[u8], wire: &[WireType]) -> Result<Vec<u8>, prost::DecodeError> {
    let mut known = Vec::new();
    while !rest.is_empty() {
        let field = rest;
        let (tag, wire_type) = decode_key(&mut rest)?;
        skip_field(wire_type, tag, &mut rest, DecodeContext::default())?;
        let size = field.len() - rest.len();
        let its_own = (tag as usize)
            .checked_sub(1)
            .and_then(|index| wire.get(index));
        if its_own == Some(&wire_type) {
            known.extend(field.iter().take(size));
        }
    }
    Ok(known)
}

impl Fields for VerifySignatureArguments {
    const WIRE: &'static [WireType] = &[LengthDelimited; 5];
}

impl Fields for SignArguments {
    const WIRE: &'static [WireType] = &[LengthDelimited; 4];
}

impl Fields for SetEnvoyFilterState {
    const WIRE: &'static [WireType] = &[LengthDelimited, LengthDelimited, Varint];
}

impl Fields for DeclareProperty {
    const WIRE: &'static [WireType] = &[LengthDelimited, Varint, Varint, LengthDelimited, Varint];
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
