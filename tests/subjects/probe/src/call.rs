//! One imported function: what it takes, and a call of it with nothing checked.
//! Outs are preset to a sentinel, so that it shows whether the host wrote to them.

use std::slice::Iter;

use crate::arguments;
use crate::outcome::{Out, Outcome};

/// An imported function.
pub(crate) struct Call {
    /// As it is imported.
    pub(crate) name: &'static str,
    pub(crate) takes: &'static [Kind],
    /// Calls it with one slot for each parameter, narrowed to its type.
    pub(crate) function: fn(&mut Slots<'_>) -> u32,
}

/// What one or two parameters mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In: an i32 or an i64.
    Number,
    /// In: pointer and size of bytes.
    Bytes,
    /// In: pointer and size of pairs (rule M2).
    Pairs,
    /// In: pointer and count (1) of an iovec of bytes.
    Iovec,
    /// In: pointer to bytes whose size the host knows.
    Pointer,
    /// Out: pointer to a u32.
    Word,
    /// Out: pointer to a u64.
    Wide,
    /// Out: pointers to the address and to the size of bytes that the host allocates (rule M1).
    Region,
    /// Out: pointer to so many bytes.
    Memory(usize),
    /// Out: pointer and size of bytes; the size is a number of the script.
    Room,
    /// Out: pointer and count (1) of an iovec of 64 bytes.
    IovecOut,
}

/// What a script gives for a [`Kind`] that goes in.
pub(crate) enum Input {
    Number(i64),
    Bytes(Vec<u8>),
    /// An address and a size that may be anything.
    Wild(i64, i64),
}

/// The values of the parameters, one after the other.
pub(crate) struct Slots<'a>(Iter<'a, i64>);

/// A value that a parameter can have.
pub(crate) trait Parameter {
    /// The bits of it that the type has.
    fn narrowed(slot: i64) -> Self;
}

/// What an import returns.
pub(crate) trait Status {
    /// As a number; 0 where there is none.
    fn status(self) -> u32;
}

// What a call is made of; inputs and outs have their memory here until it returns.
#[derive(Default)]
struct Frame {
    slots: Vec<i64>,
    held: Vec<Vec<u8>>,
    outs: Vec<Out>,
}

/// Room for what a host reads into an iovec.
const IOVEC_ROOM: usize = 64;

/// How many parameters these kinds are.
pub(crate) const fn width(kinds: &[Kind]) -> usize {
    match kinds {
        [] => 0,
        [first, rest @ ..] => first.width() + width(rest),
    }
}

// === impl Kind ===

impl Kind {
    const fn width(self) -> usize {
        match self {
            Self::Number | Self::Pointer | Self::Word | Self::Wide | Self::Memory(_) => 1,
            Self::Bytes
            | Self::Pairs
            | Self::Iovec
            | Self::Region
            | Self::Room
            | Self::IovecOut => 2,
        }
    }

    /// What the next word of a script means for it; only an out takes no word.
    pub(crate) fn input(self, word: &str) -> Option<Input> {
        let wild = || arguments::region(word).map(|(pointer, size)| Input::Wild(pointer, size));
        match self {
            Self::Number | Self::Room => Some(Input::Number(arguments::number(word).unwrap_or(0))),
            Self::Bytes | Self::Iovec | Self::Pointer => {
                wild().or_else(|| Some(Input::Bytes(arguments::bytes(word))))
            }
            Self::Pairs => wild().or_else(|| Some(Input::Bytes(arguments::pairs(word)))),
            Self::Word | Self::Wide | Self::Region | Self::Memory(_) | Self::IovecOut => None,
        }
    }

    /// Whether it takes a word of the script.
    pub(crate) fn is_input(self) -> bool {
        !matches!(
            self,
            Self::Word | Self::Wide | Self::Region | Self::Memory(_) | Self::IovecOut
        )
    }
}

// === impl Slots ===

impl Slots<'_> {
    /// The value of the next parameter.
    pub(crate) fn next<T: Parameter>(&mut self) -> T {
        T::narrowed(self.0.next().copied().unwrap_or(0))
    }
}

impl Parameter for i32 {
    fn narrowed(slot: i64) -> Self {
        arguments::word(slot).cast_signed()
    }
}

impl Parameter for i64 {
    fn narrowed(slot: i64) -> Self {
        slot
    }
}

impl Status for i32 {
    fn status(self) -> u32 {
        self.cast_unsigned()
    }
}

impl Status for () {
    fn status(self) -> u32 {
        0
    }
}

// === impl Call ===

impl Call {
    /// Calls it. `pointers` take the place of the addresses of the outs, in their order, where they are not `None`.
    pub(crate) fn invoke(&self, inputs: Vec<Input>, pointers: Vec<Option<i64>>) -> Outcome {
        let mut frame = Frame::default();
        let (mut inputs, mut pointers) = (inputs.into_iter(), pointers.into_iter());
        for kind in self.takes {
            match kind.is_input() && *kind != Kind::Room {
                true => frame.give(*kind, inputs.next().unwrap_or(Input::Number(0))),
                false => frame.make_room(*kind, &mut inputs, || pointers.next().flatten()),
            }
        }
        let status = (self.function)(&mut Slots(frame.slots.iter()));
        Outcome::new(status, &frame.outs)
    }
}

// === impl Frame ===

impl Frame {
    fn give(&mut self, kind: Kind, input: Input) {
        let (pointer, size) = match input {
            Input::Number(number) => (number, 0),
            Input::Wild(pointer, size) => (pointer, size),
            Input::Bytes(bytes) => (address(&bytes), self.hold(bytes)),
        };
        match kind {
            Kind::Number | Kind::Pointer => self.slots.push(pointer),
            Kind::Iovec => self.iovec(pointer, size),
            _ => self.slots.extend([pointer, size]),
        }
    }

    fn make_room(
        &mut self,
        kind: Kind,
        inputs: &mut impl Iterator<Item = Input>,
        mut replacement: impl FnMut() -> Option<i64>,
    ) {
        let size = match kind {
            Kind::Memory(size) => size,
            Kind::IovecOut => IOVEC_ROOM,
            Kind::Room => match inputs.next() {
                Some(Input::Number(size)) => arguments::word(size) as usize,
                _ => 0,
            },
            Kind::Word => 4,
            _ => 8,
        };
        let mut out = Out::new(kind, size);
        let pointer = out.address();
        match kind {
            Kind::Region => {
                for own in [pointer, pointer + 4] {
                    let pointer = out.replaced(replacement(), own);
                    self.slots.push(pointer);
                }
            }
            Kind::IovecOut => {
                let pointer = out.replaced(replacement(), pointer);
                self.iovec(pointer, size as i64);
            }
            _ => {
                let pointer = out.replaced(replacement(), pointer);
                self.slots.push(pointer);
            }
        }
        if kind == Kind::Room {
            self.slots.push(size as i64);
        }
        self.outs.push(out);
    }

    fn iovec(&mut self, pointer: i64, size: i64) {
        let words = [pointer, size].map(|slot| arguments::word(slot).to_le_bytes());
        let iovec = words.concat();
        self.slots.extend([address(&iovec), 1]);
        self.hold(iovec);
    }

    // Returns the size.
    fn hold(&mut self, bytes: Vec<u8>) -> i64 {
        let size = bytes.len() as i64;
        self.held.push(bytes);
        size
    }
}

/// Where bytes are; empty ones are nowhere in particular, but not at 0.
pub(crate) fn address(bytes: &[u8]) -> i64 {
    bytes.as_ptr().expose_provenance() as i64
}
