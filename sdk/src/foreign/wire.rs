//! Arguments and results in the wire format of protobuf, as far as these have it: numbers, bytes, no nesting. A library
//! would be most of a small module.

/// A message that is being written. Fields are numbered 1 to 15, so that a key is one byte.
pub(super) struct Message(Vec<u8>);

/// A message that is being read: its fields, until there is none, or what follows is none.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// The value of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Keys and lengths of a few fields.
const FRAMING: usize = 32;

const VARINT: u8 = 0;
const LENGTH_DELIMITED: u8 = 2;

// === impl Message ===

impl Message {
    pub(super) fn new() -> Self {
        Self::with_room(0)
    }

    /// For values of that many bytes.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes + FRAMING))
    }

    /// A string or bytes. Nothing is written of what is empty, as of all defaults.
    pub(super) fn bytes(mut self, number: u8, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        if !value.is_empty() {
            self.0.push(number << 3 | LENGTH_DELIMITED);
            self.varint(value.len());
            self.0.extend_from_slice(value);
        }
        self
    }

    /// A number, a boolean or an enumeration.
    pub(super) fn number(mut self, number: u8, value: u8) -> Self {
        if value != 0 {
            self.0.push(number << 3 | VARINT);
            self.varint(value.into());
        }
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: usize) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }
}

// === impl Fields ===

impl Fields<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let field = match (key & 7) as u8 {
            VARINT => Field::Number(self.varint()?),
            LENGTH_DELIMITED => {
                let size = usize::try_from(self.varint()?).ok()?;
                let (value, rest) = self.0.split_at_checked(size)?;
                self.0 = rest;
                Field::Bytes(value)
            }
            _ => return None,
        };
        Some((key >> 3, field))
    }
}
