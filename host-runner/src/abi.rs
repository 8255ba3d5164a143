//! The numbers and encodings of the Proxy-Wasm ABI (0.1.0, 0.2.0 and 0.2.1) that host and guest share.

/// A version of the ABI, in order of age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AbiVersion {
    V0_1_0,
    V0_2_0,
    #[default]
    V0_2_1,
}

/// A Proxy-Wasm status, as a hostcall returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u32);

/// What a hostcall does, before its status becomes a number.
pub(crate) type HostcallResult = Result<(), Status>;

/// Which header map a hostcall addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapType {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    ResponseTrailers,
    GrpcInitialMetadata,
    GrpcTrailingMetadata,
    CallHeaders,
    CallTrailers,
}

/// Which stream a hostcall continues or closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamType {
    Request,
    Response,
    Downstream,
    Upstream,
}

/// More pairs than this, or more bytes than [`MAX_PAIRS_BYTES`], read as an empty list (rule M3).
const MAX_PAIRS: usize = 1024;
const MAX_PAIRS_BYTES: usize = 1024 * 1024;

// === impl AbiVersion ===

impl AbiVersion {
    pub(crate) const ALL: [Self; 3] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        }
    }

    /// The version that an export marks, if it is a marker (rule V1).
    pub(crate) fn of_marker(export: &str) -> Option<Self> {
        match export {
            "proxy_abi_version_0_1_0" => Some(Self::V0_1_0),
            "proxy_abi_version_0_2_0" => Some(Self::V0_2_0),
            "proxy_abi_version_0_2_1" => Some(Self::V0_2_1),
            _ => None,
        }
    }
}

// === impl Status ===

impl Status {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const NOT_FOUND: Self = Self(1);
    pub(crate) const BAD_ARGUMENT: Self = Self(2);
    pub(crate) const SERIALIZATION_FAILURE: Self = Self(3);
    pub(crate) const PARSE_FAILURE: Self = Self(4);
    pub(crate) const INVALID_MEMORY_ACCESS: Self = Self(6);
    pub(crate) const EMPTY: Self = Self(7);
    pub(crate) const CAS_MISMATCH: Self = Self(8);
    pub(crate) const INTERNAL_FAILURE: Self = Self(10);
    pub(crate) const BROKEN_CONNECTION: Self = Self(11);
    pub(crate) const UNIMPLEMENTED: Self = Self(12);

    pub(crate) fn of(result: HostcallResult) -> u32 {
        match result {
            Ok(()) => Self::OK.0,
            Err(status) => status.0,
        }
    }
}

// === impl MapType ===

impl MapType {
    pub(crate) fn from_wire(value: u32) -> Result<Self, Status> {
        match value {
            0 => Ok(Self::RequestHeaders),
            1 => Ok(Self::RequestTrailers),
            2 => Ok(Self::ResponseHeaders),
            3 => Ok(Self::ResponseTrailers),
            4 => Ok(Self::GrpcInitialMetadata),
            5 => Ok(Self::GrpcTrailingMetadata),
            6 => Ok(Self::CallHeaders),
            7 => Ok(Self::CallTrailers),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }
}

// === impl StreamType ===

impl StreamType {
    pub(crate) fn from_wire(value: u32) -> Result<Self, Status> {
        match value {
            0 => Ok(Self::Request),
            1 => Ok(Self::Response),
            2 => Ok(Self::Downstream),
            3 => Ok(Self::Upstream),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }
}

/// The name of a log level (section 1.1); above 5 is not a level.
pub(crate) fn log_level(value: u32) -> Result<&'static str, Status> {
    match value {
        0 => Ok("trace"),
        1 => Ok("debug"),
        2 => Ok("info"),
        3 => Ok("warn"),
        4 => Ok("error"),
        5 => Ok("critical"),
        _ => Err(Status::BAD_ARGUMENT),
    }
}

/// Pairs that a guest passed in. What is too large or malformed reads as an empty list, as in Envoy (rule M3).
pub(crate) fn pairs_from_guest(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    if bytes.len() > MAX_PAIRS_BYTES {
        return Vec::new();
    }
    parse_pairs(bytes).unwrap_or_default()
}

// The count, the sizes of each name and value, then each of them ended by a NUL, and nothing after that (rule M2).
pub(crate) fn parse_pairs(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let (count, rest) = number(bytes)?;
    if count > MAX_PAIRS {
        return None;
    }
    let (mut sizes, mut texts) = rest.split_at_checked(count * 8)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name, value);
        (name, sizes) = number(sizes)?;
        (value, sizes) = number(sizes)?;
        let (name_text, value_text);
        (name_text, texts) = text(texts, name)?;
        (value_text, texts) = text(texts, value)?;
        pairs.push((name_text, value_text));
    }
    texts.is_empty().then_some(pairs)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn text(bytes: &[u8], size: usize) -> Option<(Vec<u8>, &[u8])> {
    let (text, rest) = bytes.split_at_checked(size)?;
    Some((text.to_vec(), rest.strip_prefix(&[0])?))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::host::header_map::HeaderMap;

    proptest! {
        #[test]
        fn any_bytes_are_pairs_or_none(bytes in vec(any::<u8>(), 0..200)) {
            if let Some(pairs) = parse_pairs(&bytes) {
                let size: usize = pairs.iter().map(|(name, value)| 10 + name.len() + value.len()).sum();
                prop_assert_eq!(4 + size, bytes.len());
            }
        }

        // Small numbers where counts and sizes stand, so that more than the first check is met.
        #[test]
        fn a_list_that_lies_about_its_sizes_is_none(sizes in vec(0_u32..6, 1..9), texts in vec(0_u8..3, 0..30)) {
            let bytes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).chain(texts).collect();
            let pairs = parse_pairs(&bytes).unwrap_or_default();
            prop_assert!(pairs.len() <= sizes.len());
        }

        #[test]
        fn pairs_come_back_as_they_were(pairs in vec((vec(any::<u8>(), 0..9), vec(any::<u8>(), 0..9)), 0..9)) {
            let mut map = HeaderMap::default();
            for (name, value) in &pairs {
                map.add(&[b"x", name.as_slice()].concat(), value);
            }
            let bytes = map.to_pairs();
            // An empty map reads as no bytes.
            if !pairs.is_empty() {
                let again: Vec<_> = parse_pairs(&bytes).unwrap_or_default();
                let before: Vec<_> = map.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                prop_assert_eq!(again, before);
            }
            for end in 0..bytes.len() {
                prop_assert_eq!(parse_pairs(bytes.get(..end).unwrap_or_default()), None);
            }
        }
    }
}
