//! The length-prefixed messages of gRPC over HTTP/2: one byte of flags, four of length, the message.

/// Cuts a body into messages as its bytes arrive.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pending: Vec<u8>,
    /// Messages may not be longer (`max_receive_message_length`); none is no limit.
    limit: Option<usize>,
}

/// One message as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) compressed: bool,
    pub(crate) message: Vec<u8>,
}

/// Why a body is not a sequence of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A flag other than "compressed".
    Flags,
    TooLong,
}

const COMPRESSED: u8 = 1;
const PREFIX: usize = 5;

/// All messages of a whole body; none when it is not a sequence of them, each as it is.
pub(crate) fn all(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut decoder = Decoder::default();
    let frames = decoder.decode(body).ok()?;
    let is_whole = decoder.pending.is_empty() && frames.iter().all(|frame| !frame.compressed);
    is_whole.then(|| frames.into_iter().map(|frame| frame.message).collect())
}

// === impl Decoder ===

impl Decoder {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// The messages that these bytes complete; none of them where any is broken, as in Envoy.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, Broken> {
        self.pending.extend_from_slice(bytes);
        let (mut frames, mut rest) = (Vec::new(), self.pending.as_slice());
        while let Some((frame, tail)) = self.first(rest)? {
            frames.push(frame);
            rest = tail;
        }
        let taken = self.pending.len() - rest.len();
        self.pending.drain(..taken);
        Ok(frames)
    }

    fn first<'a>(&self, bytes: &'a [u8]) -> Result<Option<(Frame, &'a [u8])>, Broken> {
        let Some(flags) = bytes.first() else {
            return Ok(None);
        };
        if flags & !COMPRESSED != 0 {
            return Err(Broken::Flags);
        }
        let Some(([_, length @ ..], rest)) = bytes.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if self.limit.is_some_and(|limit| length > limit) {
            return Err(Broken::TooLong);
        }
        Ok(rest.split_at_checked(length).map(|(message, rest)| {
            let frame = Frame {
                compressed: flags & COMPRESSED != 0,
                message: message.to_vec(),
            };
            (frame, rest)
        }))
    }
}

/// A message as it is sent, uncompressed.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0], &length.to_be_bytes()[..], message].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(message: &[u8]) -> Frame {
        Frame {
            compressed: false,
            message: message.to_vec(),
        }
    }

    #[test]
    fn messages_may_arrive_in_pieces() {
        let bytes = [framed(b"one"), framed(b""), framed(b"two")].concat();
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for byte in bytes {
            frames.extend(decoder.decode(&[byte]).unwrap());
        }
        assert_eq!(frames, [plain(b"one"), plain(b""), plain(b"two")]);
    }

    #[test]
    fn an_unknown_flag_breaks_what_came_with_it() {
        let bytes = [framed(b"one"), vec![2]].concat();
        assert_eq!(Decoder::default().decode(&bytes), Err(Broken::Flags));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_length() {
        let mut decoder = Decoder::new(Some(2));
        assert_eq!(decoder.decode(&[0, 0, 0, 0, 3]), Err(Broken::TooLong));
    }
}
