//! What a call did: its status, and what it wrote to its outs.

use crate::call::Kind;
use crate::text::{Detail, shown};
use crate::{memory, vm};

/// Memory that the host may write to.
pub(crate) struct Out {
    kind: Kind,
    memory: Vec<u8>,
    is_replaced: bool,
}

/// What came of a call.
pub(crate) struct Outcome {
    pub(crate) status: u32,
    values: Vec<Value>,
}

// What is in an out afterwards.
enum Value {
    Untouched,
    // The script had the host write elsewhere.
    Elsewhere,
    Word(u32),
    Wide(u64),
    // Address 0, and a size.
    Null(u32),
    Bytes(Vec<u8>),
    // An address and a size outside the memory.
    Wild(u32, u32),
}

/// What outs are full of before a call.
const SENTINEL: u8 = 0xaa;
const SENTINEL_WORD: u32 = u32::from_le_bytes([SENTINEL; 4]);

// === impl Out ===

impl Out {
    pub(crate) fn new(kind: Kind, size: usize) -> Self {
        let mut memory = Vec::new();
        // A size that no memory has is one that a script made up; the host gets it all the same.
        if memory.try_reserve_exact(size).is_ok() {
            memory.resize(size, SENTINEL);
        }
        Self {
            kind,
            memory,
            is_replaced: false,
        }
    }

    /// Where it is.
    pub(crate) fn address(&mut self) -> i64 {
        self.memory.as_mut_ptr().expose_provenance() as i64
    }

    /// The address that the host gets: the script's, or else its own.
    pub(crate) fn replaced(&mut self, replacement: Option<i64>, own: i64) -> i64 {
        self.is_replaced |= replacement.is_some();
        replacement.unwrap_or(own)
    }

    fn value(&self) -> Value {
        if self.is_replaced {
            return Value::Elsewhere;
        }
        if self.memory.iter().all(|byte| *byte == SENTINEL) {
            return Value::Untouched;
        }
        match self.kind {
            Kind::Word => Value::Word(self.word_at(0)),
            Kind::Wide => {
                let (low, high) = (self.word_at(0), self.word_at(4));
                Value::Wide(u64::from(high) << 32 | u64::from(low))
            }
            Kind::Region => Value::of_region(self.word_at(0), self.word_at(4)),
            _ => Value::Bytes(self.written()),
        }
    }

    fn word_at(&self, at: usize) -> u32 {
        let bytes = self.memory.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    // Without what the host left at the end.
    fn written(&self) -> Vec<u8> {
        let last = self.memory.iter().rposition(|byte| *byte != SENTINEL);
        let written = self.memory.get(..=last.unwrap_or(0));
        written.unwrap_or_default().to_vec()
    }
}

// === impl Value ===

impl Value {
    fn of_region(address: u32, size: u32) -> Self {
        if address == 0 {
            return Self::Null(if size == SENTINEL_WORD { 0 } else { size });
        }
        memory::take(address, size).map_or(Self::Wild(address, size), Self::Bytes)
    }

    fn shown(&self, detail: Detail) -> String {
        match self {
            _ if detail == Detail::Touched => self.touched().to_owned(),
            Self::Untouched => "untouched".to_owned(),
            Self::Elsewhere => "elsewhere".to_owned(),
            Self::Word(number) => number.to_string(),
            Self::Wide(number) => number.to_string(),
            Self::Null(0) => "null".to_owned(),
            Self::Null(size) => format!("null:{size}"),
            Self::Bytes(bytes) => shown(bytes, detail),
            Self::Wild(address, size) => format!("wild:{address}:{size}"),
        }
    }

    fn touched(&self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Elsewhere => "elsewhere",
            _ => "touched",
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// Reads the outs.
    pub(crate) fn new(status: u32, outs: &[Out]) -> Self {
        let values = outs.iter().map(Out::value).collect();
        Self { status, values }
    }

    /// Makes the outs of a success what `$last` is.
    pub(crate) fn remember(&self) {
        for value in self.values.iter().filter(|_| self.status == 0) {
            match value {
                Value::Word(number) => vm::set_last_number(*number),
                Value::Bytes(bytes) => vm::set_last_bytes(bytes),
                Value::Null(_) => vm::set_last_bytes(&[]),
                Value::Untouched | Value::Elsewhere | Value::Wide(_) | Value::Wild(..) => {}
            }
        }
    }

    /// The first bytes it returned, or its status.
    pub(crate) fn bytes(self) -> Result<Vec<u8>, u32> {
        if self.status != 0 {
            return Err(self.status);
        }
        let bytes = self.values.into_iter().find_map(|value| match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        });
        Ok(bytes.unwrap_or_default())
    }

    /// The first number it returned, or its status.
    pub(crate) fn number(&self) -> Result<u32, u32> {
        let number = self.values.iter().find_map(|value| match value {
            Value::Word(number) => Some(*number),
            _ => None,
        });
        match self.status {
            0 => Ok(number.unwrap_or(0)),
            status => Err(status),
        }
    }

    /// As it is logged: the status and the outs; after a failure these only if one of them was written to.
    pub(crate) fn shown(&self, detail: Detail) -> String {
        let is_touched = self.values.iter().any(|value| value.touched() == "touched");
        let mut words = vec![self.status.to_string()];
        match (self.status, is_touched) {
            (0, _) => {}
            (_, true) => words.push("touched".to_owned()),
            (_, false) => return words.concat(),
        }
        words.extend(self.values.iter().map(|value| value.shown(detail)));
        words.join(" ")
    }
}
