//! The workers that take new streams; those in flight keep the ones that they began on.

use std::sync::{Arc, PoisonError, RwLock};

use super::driver::Driver;

/// Who is next, and for how long.
pub(crate) struct Lineup {
    drivers: RwLock<Vec<Arc<Driver>>>,
}

// === impl Lineup ===

impl Lineup {
    pub(super) fn new(drivers: Vec<Arc<Driver>>) -> Self {
        Self {
            drivers: RwLock::new(drivers),
        }
    }

    /// Each in turn.
    pub(super) fn pick(&self, turn: u64) -> Option<Arc<Driver>> {
        let drivers = self.drivers.read().unwrap_or_else(PoisonError::into_inner);
        let turn = turn % drivers.len().max(1) as u64;
        drivers.get(usize::try_from(turn).ok()?).map(Arc::clone)
    }

    /// New streams go to these from now on. An old one is gone when its last stream is.
    pub(super) fn replace(&self, drivers: Vec<Arc<Driver>>) {
        let mut current = self.drivers.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, drivers);
        drop(current);
        drop(old);
    }
}
