//! How values are written into the log: escaped, and shortened where they are long.

/// How much of a value is logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All of it, however long.
    Whole,
    /// All of it, or the beginning if it is long.
    Short,
    /// Only whether there is one, because it differs from run to run.
    Touched,
}

/// Longer values are logged by their beginning, their length and their hash.
const LONGEST: usize = 300;
/// How much of the beginning.
const BEGINNING: usize = 100;

/// ASCII as it is, other bytes escaped; over 300 bytes `<first 100>…<length> fnv:<FNV-1a>`.
pub(crate) fn shown(bytes: &[u8], detail: Detail) -> String {
    if detail == Detail::Whole || bytes.len() <= LONGEST {
        return bytes.escape_ascii().to_string();
    }
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes).escape_ascii();
    format!("{beginning}…{} fnv:{:016x}", bytes.len(), fnv(bytes))
}

/// Pairs as `name=value|..`.
pub(crate) fn joined<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let pairs = pairs.map(|(name, value)| [name, value].join(&b'='));
    pairs.collect::<Vec<_>>().join(&b'|')
}

// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
