//! What is going to happen, in the order in which it does.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

/// Events by the virtual time since the start.
#[derive(Debug)]
pub(super) struct Queue<T> {
    events: BTreeMap<(Duration, u32, u64), T>,
    added: u64,
    // Without one, events of an instant come in the order in which they were added.
    order: Option<Rng>,
}

impl<T> Queue<T> {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self {
            events: BTreeMap::new(),
            added: 0,
            order: seed.map(Rng::with_seed),
        }
    }

    pub(super) fn add(&mut self, at: Duration, event: T) {
        let rank = self.order.as_mut().map_or(0, |order| order.u32(..));
        self.added += 1;
        self.events.insert((at, rank, self.added), event);
    }

    /// When the next event is.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.events.first_key_value().map(|((at, ..), _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<T> {
        self.events.pop_first().map(|(_, event)| event)
    }
}
