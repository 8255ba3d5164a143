//! What a worker's guest code can reach while it runs: the live streams, the effects that come of them, and the
//! other VMs.
//!
//! One value, moved into a VM for the time of a call, so that hostcalls reach every stream of the worker (rule R4) with
//! plain borrows.

use std::collections::VecDeque;

use crate::host::effect::Effect;
use crate::host::stream::Stream;
use crate::host::tcp::TcpConnection;
use crate::host::vms::Vms;

/// The streams of one worker, and its VMs.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) http: Streams<Stream>,
    pub(crate) tcp: Streams<TcpConnection>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) vms: Vms,
}

/// A stream of a worker; never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamId {
    slot: u32,
    generation: u32,
}

/// Streams by id.
#[derive(Debug)]
pub(crate) struct Streams<T> {
    slots: Vec<(u32, Option<Box<T>>)>,
    free: Vec<u32>,
}

// === impl Streams ===

impl<T> Default for Streams<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Streams<T> {
    pub(crate) fn insert(&mut self, stream: T) -> StreamId {
        let stream = Some(Box::new(stream));
        if let Some(slot) = self.free.pop()
            && let Some(entry) = self.slots.get_mut(slot as usize)
        {
            entry.1 = stream;
            let generation = entry.0;
            return StreamId { slot, generation };
        }
        self.slots.push((0, stream));
        let slot = u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX);
        StreamId {
            slot,
            generation: 0,
        }
    }

    pub(crate) fn get(&self, id: StreamId) -> Option<&T> {
        let (generation, stream) = self.slots.get(id.slot as usize)?;
        stream.as_deref().filter(|_| *generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: StreamId) -> Option<&mut T> {
        let (generation, stream) = self.slots.get_mut(id.slot as usize)?;
        stream
            .as_deref_mut()
            .filter(|_| *generation == id.generation)
    }

    /// How many are alive.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn remove(&mut self, id: StreamId) -> Option<Box<T>> {
        let (generation, stream) = self.slots.get_mut(id.slot as usize)?;
        if *generation != id.generation {
            return None;
        }
        let removed = stream.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(id.slot);
        Some(removed)
    }
}
