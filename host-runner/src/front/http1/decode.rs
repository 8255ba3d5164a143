//! The body of a message, out of the bytes of its connection.

use httparse::{Status, parse_chunk_size};

use super::lines;
use crate::host::header_map::HeaderMap;

/// As many headers as Envoy takes by default.
pub(super) const MAX_HEADERS: usize = 100;

/// Bytes of what stands around chunks, as many as of a head.
const MAX_LINES: usize = 60 * 1024;

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// That many bytes; of 0 only the end is still to be told.
    Length(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    /// All that comes, until the connection is closed.
    UntilClose,
    Done,
}

/// The bytes are no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

// === impl Decoder ===

impl Decoder {
    pub(super) fn of_length(length: u64) -> Self {
        match length {
            0 => Self::Done,
            length => Self::Length(length),
        }
    }

    /// Takes what belongs to the body from `input`; gives trailers at the end of one that has some.
    pub(super) fn decode(
        &mut self,
        input: &mut Vec<u8>,
        body: &mut Vec<u8>,
    ) -> Result<HeaderMap, Malformed> {
        let (mut used, mut trailers) = (0, HeaderMap::default());
        loop {
            let rest = input.get(used..).unwrap_or_default();
            match self.step(rest, body, &mut trailers) {
                Ok(Some(count)) => used += count,
                // What came before the last chunk is to be delivered; the error comes back the next time.
                Err(Malformed) if *self == Self::Trailers && !body.is_empty() => break,
                Ok(None) => break,
                Err(Malformed) => return Err(Malformed),
            }
        }
        input.drain(..used);
        // Of a size, an extension or trailers that never end no more is kept.
        match self.is_between_chunks() && input.len() > MAX_LINES {
            true => Err(Malformed),
            false => Ok(trailers),
        }
    }

    fn is_between_chunks(self) -> bool {
        matches!(self, Self::ChunkSize | Self::ChunkEnd | Self::Trailers)
    }

    // How much of the input it took; none if it needs more.
    fn step(
        &mut self,
        rest: &[u8],
        body: &mut Vec<u8>,
        trailers: &mut HeaderMap,
    ) -> Result<Option<usize>, Malformed> {
        match *self {
            Self::Done => Ok(None),
            Self::Length(0) => {
                *self = Self::Done;
                Ok(Some(0))
            }
            _ if rest.is_empty() => Ok(None),
            Self::Length(left) => {
                let taken = take(left, rest, body);
                *self = Self::of_length(left - taken as u64);
                Ok(Some(taken))
            }
            Self::Chunk(left) => {
                let taken = take(left, rest, body);
                *self = match left - taken as u64 {
                    0 => Self::ChunkEnd,
                    left => Self::Chunk(left),
                };
                Ok(Some(taken))
            }
            Self::UntilClose => Ok(Some(take(u64::MAX, rest, body))),
            // Whatever stands there, as Envoy has it.
            Self::ChunkEnd => match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    *self = Self::ChunkSize;
                    Ok(Some(end + 1))
                }
                None => Ok(Some(rest.len())),
            },
            Self::ChunkSize if !begins_size(rest) => Err(Malformed),
            Self::ChunkSize => match parse_chunk_size(rest).map_err(|_| Malformed)? {
                Status::Partial => Ok(None),
                Status::Complete((count, size)) => {
                    *self = match size {
                        0 => Self::Trailers,
                        size => Self::Chunk(size),
                    };
                    Ok(Some(count))
                }
            },
            Self::Trailers => self.trailers(rest, trailers),
        }
    }

    fn trailers(
        &mut self,
        rest: &[u8],
        trailers: &mut HeaderMap,
    ) -> Result<Option<usize>, Malformed> {
        let count = lines::headers(rest, trailers)?;
        if count.is_some() {
            *self = Self::Done;
        }
        Ok(count)
    }
}

// A digit, and a line that ends with CR LF; what the library takes besides, others take for something else.
fn begins_size(rest: &[u8]) -> bool {
    let first = rest.iter().find(|byte| !b" \t".contains(byte));
    let has_digit = first.is_none_or(u8::is_ascii_hexdigit);
    let end = rest.iter().position(|byte| *byte == b'\n');
    let before = end.map(|end| end.checked_sub(1).and_then(|at| rest.get(at)));
    has_digit && before.is_none_or(|before| before == Some(&b'\r'))
}

fn take(left: u64, rest: &[u8], body: &mut Vec<u8>) -> usize {
    let count = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
    body.extend_from_slice(rest.get(..count).unwrap_or_default());
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_may_come_in_any_pieces() {
        let (mut decoder, mut body, mut input) = (Decoder::ChunkSize, Vec::new(), Vec::new());
        let mut trailers = HeaderMap::default();
        for byte in b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-T: v\r\n\r\nGET" {
            input.push(*byte);
            let found = decoder.decode(&mut input, &mut body);
            if decoder == Decoder::Done && trailers.len() == 0 {
                trailers = found.unwrap_or_default();
            }
        }
        assert_eq!(
            (body.as_slice(), input.as_slice()),
            (&b"abcde"[..], &b"GET"[..])
        );
        assert_eq!(trailers.get(b"x-t"), Some(&b"v"[..]));
    }

    #[test]
    fn an_extension_that_never_ends_is_malformed() {
        let (mut body, mut input) = (Vec::new(), [b"1;", [b'e'; MAX_LINES].as_slice()].concat());
        let decoded = Decoder::ChunkSize.decode(&mut input, &mut body);
        assert_eq!(decoded.err(), Some(Malformed));
    }

    #[test]
    fn what_comes_before_bad_trailers_is_given_first() {
        let (mut decoder, mut body) = (Decoder::ChunkSize, Vec::new());
        let mut input = b"1\r\nab\r\n0\r\n: x\r\n\r\n".to_vec();
        assert!(decoder.decode(&mut input, &mut body).is_ok());
        assert_eq!(std::mem::take(&mut body), b"a");
        assert!(decoder.decode(&mut input, &mut body).is_err());
    }
}
