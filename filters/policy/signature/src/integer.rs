//! Unsigned integers as bytes, big endian, the way JWK carries them.

/// `number` without its leading zeros.
pub(crate) fn significant(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}
