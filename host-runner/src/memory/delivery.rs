//! How messages are delivered: in which pieces, with which end, and when calls are answered meanwhile.

use std::time::Duration;

/// One way to deliver the same messages. The default is that of the protocols on a quick network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The pieces that bodies come in.
    pub chunks: Chunks,
    /// How bodies end.
    pub end: End,
    /// When calls of filters are answered.
    pub answering: Answering,
}

/// The pieces that a body comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chunks {
    /// All at once.
    #[default]
    One,
    /// Up to this many pieces, split by the seed.
    Random(u8),
    /// Each byte on its own.
    Bytes,
}

/// How a body without trailers ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// As its protocol does it: HTTP/1 with an empty call, HTTP/2 on the last piece (rule L8).
    #[default]
    OfProtocol,
    /// On the last piece.
    OnLast,
    /// With an empty call of its own.
    Empty,
}

/// When calls of filters are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answering {
    /// At once; what comes of the body meanwhile is up to the seed.
    #[default]
    AtOnce,
    /// Before the first piece of a body.
    BeforeBody,
    /// Between the first piece and the second.
    BetweenChunks,
    /// When all of a body has come.
    AfterBody,
    /// When the stream is gone: its client leaves if nothing else ends it.
    AfterStream,
}

/// Between two pieces of a body, where the time of answers counts.
const SPACING: Duration = Duration::from_micros(10);
/// Long after any body has come.
const LATE: Duration = Duration::from_secs(2);

// === impl Delivery ===

impl Delivery {
    /// Each combination of chunks, end and answers, but for answers after the stream, which change what comes of it.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let chunks = [Chunks::One, Chunks::Random(5), Chunks::Bytes];
        let answers = [
            Answering::BeforeBody,
            Answering::BetweenChunks,
            Answering::AfterBody,
        ];
        let mut all = Vec::new();
        for chunks in chunks {
            for end in [End::OnLast, End::Empty] {
                all.extend(answers.map(|answering| Self {
                    chunks,
                    end,
                    answering,
                }));
            }
        }
        all
    }

    /// When the piece of that number comes after its message's headers, or after the one before.
    pub(super) fn before_piece(&self, number: usize) -> Duration {
        match self.answering {
            Answering::AtOnce | Answering::AfterStream => Duration::ZERO,
            Answering::BeforeBody if number == 0 => LATE,
            Answering::BetweenChunks if number == 0 => Duration::ZERO,
            _ => SPACING,
        }
    }

    /// When a call is answered that has this time at most; none is when the stream is gone.
    pub(super) fn answer_after(&self, timeout: Option<Duration>) -> Option<Duration> {
        let after = match self.answering {
            Answering::AtOnce | Answering::BeforeBody => Duration::ZERO,
            Answering::BetweenChunks => SPACING / 2,
            Answering::AfterBody => LATE,
            Answering::AfterStream => return None,
        };
        Some(timeout.map_or(after, |timeout| after.min(timeout / 2)))
    }
}

impl std::fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let chunks = match self.chunks {
            Chunks::One => "one piece",
            Chunks::Random(_) => "random pieces",
            Chunks::Bytes => "single bytes",
        };
        let end = match self.end {
            End::OfProtocol => "the protocol's end",
            End::OnLast => "end on the last piece",
            End::Empty => "empty end",
        };
        let answering = match self.answering {
            Answering::AtOnce => "answers at once",
            Answering::BeforeBody => "answers before the body",
            Answering::BetweenChunks => "answers between pieces",
            Answering::AfterBody => "answers after the body",
            Answering::AfterStream => "answers after the stream",
        };
        write!(formatter, "{chunks}, {end}, {answering}")
    }
}
