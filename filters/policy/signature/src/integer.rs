//! Unsigned integers as bytes, big endian, the way JWK carries them.

/// `number` without its leading zeros.
pub(crate) fn significant(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

/// `number` in exactly `width` bytes; `None` when it needs more.
pub(crate) fn fixed_width(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let digits = significant(number);
    let mut padded = vec![0; width.checked_sub(digits.len())?];
    padded.extend_from_slice(digits);
    Some(padded)
}
