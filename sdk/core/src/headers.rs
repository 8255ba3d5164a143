//! A byte-valued header list: ordered, repeats kept, one buffer with an index into it.
//!
//! Values are bytes because HTTP field values are (RFC 9110 section 5.5); UTF-8 is a question the reader asks.

use std::fmt;
use std::ops::Range;

/// An immutable header list in arrival order, pseudo headers (`:path` …) included.
///
/// Names are compared without regard to ASCII case; hosts hand them over in lower case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    buffer: Vec<u8>,
    index: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    name: Range<usize>,
    value: Range<usize>,
}

/// The buffer is not a Proxy-Wasm pairs buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedPairs;

// === impl Headers ===

impl Headers {
    /// Indexes a Proxy-Wasm pairs buffer without copying it: `u32` count, then `u32` name and value lengths for
    /// each pair, then each name and value followed by a NUL byte (little endian).
    ///
    /// # Errors
    /// [`MalformedPairs`] when a length points outside the buffer.
    pub fn from_pairs(buffer: Vec<u8>) -> Result<Self, MalformedPairs> {
        if buffer.is_empty() {
            return Ok(Self::default());
        }
        let index = index_pairs(&buffer).ok_or(MalformedPairs)?;
        Ok(Self { buffer, index })
    }

    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Every value of `name`, in order; repeated headers are separate values.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Every name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index
            .iter()
            .map(|entry| (self.slice(&entry.name), self.slice(&entry.value)))
    }

    /// The number of entries; a repeated header counts each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.buffer.get(range.clone()).unwrap_or_default()
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.buffer.len();
        let middle = start + name.len();
        self.buffer.extend_from_slice(name);
        self.buffer.extend_from_slice(value);
        self.index.push(Entry {
            name: start..middle,
            value: middle..middle + value.len(),
        });
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, value)| {
                (
                    name.escape_ascii().to_string(),
                    value.escape_ascii().to_string(),
                )
            }))
            .finish()
    }
}

/// Whether a header can have this name: a token (RFC 9110 section 5.1). Pseudo headers cannot.
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// Writes `pairs` as a Proxy-Wasm pairs buffer, the form [`Headers::from_pairs`] reads.
#[must_use]
pub fn to_pairs<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let mut buffer = Vec::new();
    put_len(&mut buffer, pairs.clone().count());
    for (name, value) in pairs.clone() {
        put_len(&mut buffer, name.len());
        put_len(&mut buffer, value.len());
    }
    for (name, value) in pairs {
        buffer.extend_from_slice(name);
        buffer.push(0);
        buffer.extend_from_slice(value);
        buffer.push(0);
    }
    buffer
}

// The ABI is 32-bit: a length above `u32::MAX` cannot occur in a guest, and a host refuses it long before.
fn put_len(buffer: &mut Vec<u8>, len: usize) {
    buffer.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

fn index_pairs(buffer: &[u8]) -> Option<Vec<Entry>> {
    let count = read_u32(buffer, 0)?;
    let mut data = count.checked_mul(8)?.checked_add(4)?;
    if data > buffer.len() {
        return None;
    }
    let mut index = Vec::with_capacity(count);
    for pair in 0..count {
        let name = data..data.checked_add(read_u32(buffer, 4 + pair * 8)?)?;
        let value_start = name.end.checked_add(1)?;
        let value = value_start..value_start.checked_add(read_u32(buffer, 8 + pair * 8)?)?;
        data = value.end.checked_add(1)?;
        if data > buffer.len() {
            return None;
        }
        index.push(Entry { name, value });
    }
    Some(index)
}

fn read_u32(buffer: &[u8], at: usize) -> Option<usize> {
    let bytes = buffer.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_round_trip_with_repeats_and_bytes() {
        let headers: Headers = [(":path", &b"/"[..]), ("x", b"\xff"), ("x", b"")]
            .into_iter()
            .collect();
        let parsed =
            Headers::from_pairs(to_pairs(headers.iter().collect::<Vec<_>>().into_iter())).unwrap();
        assert_eq!(parsed.get_all("X").collect::<Vec<_>>(), [&b"\xff"[..], b""]);
        assert_eq!(parsed.len(), 3);
    }

    #[test]
    fn truncated_pairs_are_an_error_not_a_panic() {
        let headers: Headers = [("a", "1"), ("b", "2")].into_iter().collect();
        let full = to_pairs(headers.iter().collect::<Vec<_>>().into_iter());
        for end in 1..full.len() {
            assert_eq!(
                Headers::from_pairs(full[..end].to_vec()),
                Err(MalformedPairs),
                "cut at {end}"
            );
        }
        assert_eq!(Headers::from_pairs(vec![0xff; 64]), Err(MalformedPairs));
    }
}
