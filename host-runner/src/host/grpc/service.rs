//! Where a gRPC call goes: the name of a cluster, or a serialised `envoy.config.core.v3.GrpcService`.

use crate::abi::Status;

/// What of a `GrpcService` changes a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) cluster: String,
    /// Sent as `:authority` instead of the cluster's name, where it is not empty.
    pub(crate) authority: String,
    /// Sent with every call.
    pub(crate) metadata: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether the callee is not told that the call comes from a proxy.
    pub(crate) skip_envoy_headers: bool,
    /// The longest message that may come back.
    pub(crate) limit: Option<usize>,
}

/// Why there is no service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoService {
    /// Neither a message nor the name of a cluster.
    Unknown,
    /// A message that names no target; Envoy crashes on it.
    NoTarget,
    /// `google_grpc`: a client that only Envoy has.
    Google,
}

/// A field of a protobuf message: its number and its value.
struct Field<'a> {
    number: u32,
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed-size numbers, which no field here has.
    Other,
}

// === impl Service ===

impl Service {
    /// Reads the message, or else takes the bytes for the name of one of the clusters, in that order, as Envoy does: a
    /// name that happens to be a valid message is none (rule 2.11).
    pub(crate) fn resolve(bytes: &[u8], clusters: &[String]) -> Result<Self, NoService> {
        match parse(bytes) {
            Some(parsed) => parsed,
            None => clusters
                .iter()
                .find(|name| name.as_bytes() == bytes)
                .map(|name| Self {
                    cluster: name.clone(),
                    ..Self::default()
                })
                .ok_or(NoService::Unknown),
        }
    }
}

// === impl NoService ===

impl NoService {
    /// What the hostcall returns.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Unknown => Status::PARSE_FAILURE,
            Self::NoTarget | Self::Google => Status::BAD_ARGUMENT,
        }
    }

    /// What is said about it, where Envoy would do something else.
    pub(crate) fn warning(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::NoTarget => Some("a GrpcService without a target; it kills Envoy"),
            Self::Google => {
                Some("a GrpcService with `google_grpc`, which host-runner does not offer")
            }
        }
    }
}

// None: no message.
fn parse(bytes: &[u8]) -> Option<Result<Service, NoService>> {
    let mut service = Service::default();
    let mut target = Err(NoService::NoTarget);
    for field in fields(bytes)? {
        match (field.number, field.value) {
            (1, Value::Bytes(envoy)) => {
                envoy_grpc(envoy, &mut service)?;
                target = Ok(());
            }
            (2, Value::Bytes(_)) => target = Err(NoService::Google),
            (5, Value::Bytes(header)) => service.metadata.push(header_value(header)?),
            _ => {}
        }
    }
    Some(target.map(|()| service))
}

fn envoy_grpc(bytes: &[u8], service: &mut Service) -> Option<()> {
    for field in fields(bytes)? {
        match (field.number, field.value) {
            (1, Value::Bytes(name)) => service.cluster = text(name)?,
            (2, Value::Bytes(authority)) => service.authority = text(authority)?,
            (4, Value::Bytes(limit)) => service.limit = wrapped_limit(limit)?,
            (5, Value::Number(skip)) => service.skip_envoy_headers = skip != 0,
            _ => {}
        }
    }
    Some(())
}

// `google.protobuf.UInt32Value`; 0 is no limit.
fn wrapped_limit(bytes: &[u8]) -> Option<Option<usize>> {
    let mut limit = 0;
    for field in fields(bytes)? {
        if let (1, Value::Number(value)) = (field.number, field.value) {
            limit = usize::try_from(value).unwrap_or(usize::MAX);
        }
    }
    Some((limit > 0).then_some(limit))
}

// `envoy.config.core.v3.HeaderValue`.
fn header_value(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut key, mut value) = (Vec::new(), Vec::new());
    for field in fields(bytes)? {
        match (field.number, field.value) {
            (1, Value::Bytes(bytes)) => key = bytes.to_vec(),
            (2 | 3, Value::Bytes(bytes)) => value = bytes.to_vec(),
            _ => {}
        }
    }
    Some((key, value))
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn fields(mut bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (field, rest) = field(bytes)?;
        fields.push(field);
        bytes = rest;
    }
    Some(fields)
}

// The wire types of protobuf; groups, which no message here has, are taken for no message.
fn field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
    let (value, rest) = match tag & 7 {
        0 => varint(rest).map(|(number, rest)| (Value::Number(number), rest))?,
        1 => (Value::Other, rest.get(8..)?),
        2 => {
            let (length, rest) = varint(rest)?;
            let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(bytes), rest)
        }
        5 => (Value::Other, rest.get(4..)?),
        _ => return None,
    };
    Some((Field { number, value }, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (varint, rest) = bytes.split_at_checked(length)?;
    let value = varint.iter().rev().fold(0u64, |value, byte| {
        value.wrapping_shl(7) | u64::from(byte & 0x7f)
    });
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(bytes: &[u8]) -> Result<Service, NoService> {
        Service::resolve(bytes, &["grpc".to_owned(), "users".to_owned()])
    }

    #[test]
    fn the_name_of_a_cluster_is_a_service() {
        assert_eq!(resolve(b"grpc").unwrap().cluster, "grpc");
        assert_eq!(resolve(b"nope"), Err(NoService::Unknown));
    }

    #[test]
    fn a_message_says_more() {
        let bytes =
            b"\x0a\x0f\x0a\x04grpc\x12\x01a\x22\x02\x08\x07\x28\x01\x2a\x06\x0a\x01k\x12\x01v";
        let service = resolve(bytes).unwrap();
        assert_eq!(
            (service.cluster.as_str(), service.authority.as_str()),
            ("grpc", "a")
        );
        assert_eq!((service.limit, service.skip_envoy_headers), (Some(7), true));
        assert_eq!(service.metadata, [(b"k".to_vec(), b"v".to_vec())]);
    }

    #[test]
    fn a_message_names_clusters_that_nobody_knows() {
        assert_eq!(resolve(b"\x0a\x06\x0a\x04nope").unwrap().cluster, "nope");
    }

    #[test]
    fn a_name_that_is_a_message_is_none() {
        // `u` begins a fixed 32-bit field, and four bytes follow.
        assert_eq!(resolve(b"users"), Err(NoService::NoTarget));
        assert_eq!(resolve(b""), Err(NoService::NoTarget));
    }
}
