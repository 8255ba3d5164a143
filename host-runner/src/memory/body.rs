//! A body on its way to the filters: its pieces, and whether they are read.

use std::collections::VecDeque;

use fastrand::Rng;

use super::delivery::{Chunks, Delivery, End};
use crate::front::reset_reason::ResetReason;
use crate::host::header_map::HeaderMap;

/// What filters are called with once.
#[derive(Debug)]
pub(super) enum Piece {
    Data {
        bytes: Vec<u8>,
        end: bool,
    },
    Trailers(HeaderMap),
    /// The peer breaks off.
    Broken(ResetReason),
}

/// One direction of a stream: what of its body has not come yet.
#[derive(Debug, Default)]
pub(super) struct Body {
    pieces: VecDeque<Piece>,
    /// How many have come.
    pub(super) told: usize,
    /// Whether reading is stopped (rules B1, B4).
    pub(super) stopped: bool,
    /// Whether a piece is waiting for that to be over.
    pub(super) waiting: bool,
}

impl Body {
    /// A body of a message of HTTP/1 or not. Without bytes and trailers there is none.
    pub(super) fn new(
        bytes: &[u8],
        trailers: Option<HeaderMap>,
        http1: bool,
        (delivery, random): (Delivery, &mut Rng),
    ) -> Self {
        let mut pieces: VecDeque<Piece> = split(bytes, delivery.chunks, random)
            .map(|bytes| Piece::Data { bytes, end: false })
            .collect();
        let is_empty = pieces.is_empty() && trailers.is_none();
        let ends_empty = match delivery.end {
            End::OfProtocol => http1,
            End::OnLast => false,
            End::Empty => true,
        };
        match (trailers, pieces.back_mut()) {
            (Some(trailers), _) => pieces.push_back(Piece::Trailers(trailers)),
            (None, Some(Piece::Data { end, .. })) if !ends_empty => *end = true,
            (None, _) if is_empty => {}
            (None, _) => pieces.push_back(Piece::Data {
                bytes: Vec::new(),
                end: true,
            }),
        }
        Self {
            pieces,
            ..Self::default()
        }
    }

    /// The same, but the peer breaks off half-way.
    pub(super) fn broken(mut self, reason: ResetReason) -> Self {
        self.pieces.truncate(self.pieces.len().div_ceil(2));
        for piece in &mut self.pieces {
            if let Piece::Data { end, .. } = piece {
                *end = false;
            }
        }
        self.pieces.push_back(Piece::Broken(reason));
        self
    }

    pub(super) fn is_over(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<Piece> {
        self.told += 1;
        self.pieces.pop_front()
    }
}

fn split(bytes: &[u8], chunks: Chunks, random: &mut Rng) -> std::vec::IntoIter<Vec<u8>> {
    let mut ends: Vec<usize> = match chunks {
        Chunks::One => Vec::new(),
        Chunks::Random(most) => (1..most).map(|_| random.usize(..=bytes.len())).collect(),
        Chunks::Bytes => (1..bytes.len()).collect(),
    };
    ends.push(bytes.len());
    ends.sort_unstable();
    ends.dedup();
    let mut begin = 0;
    let pieces = ends.into_iter().filter_map(|end| {
        let piece = bytes.get(begin..end).filter(|piece| !piece.is_empty());
        begin = end;
        piece.map(<[u8]>::to_vec)
    });
    pieces.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(bytes: &[u8], delivery: Delivery, http1: bool) -> Vec<(String, bool)> {
        let mut body = Body::new(bytes, None, http1, (delivery, &mut Rng::with_seed(3)));
        let next = || match body.next() {
            Some(Piece::Data { bytes, end }) => {
                Some((String::from_utf8_lossy(&bytes).into_owned(), end))
            }
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_body_is_delivered_whole_and_ends_once() {
        for delivery in Delivery::all() {
            let pieces = pieces(b"hello", delivery, true);
            let whole: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
            let ends: Vec<bool> = pieces.iter().map(|(_, end)| *end).collect();
            assert_eq!(whole, "hello", "{delivery}");
            let (last, others) = ends.split_last().unwrap();
            assert!(*last && !others.contains(&true), "{delivery}: {pieces:?}");
        }
    }

    #[test]
    fn each_protocol_has_its_end() {
        let piece = |text: &str, end| (text.to_owned(), end);
        let delivery = Delivery::default();
        assert_eq!(
            pieces(b"a", delivery, true),
            [piece("a", false), piece("", true)]
        );
        assert_eq!(pieces(b"a", delivery, false), [piece("a", true)]);
        assert_eq!(pieces(b"", delivery, true), []);
    }
}
