//! The one clock behind the ABI, WASI and everything that the host measures: the machine's, or one that a driver moves.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The machine's clock, of which the time of day can be [set](Clock::set) and then stands there; or a virtual one, which
/// stands wherever it was last [moved](Clock::advance) to.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    time_of_day: Mutex<Option<SystemTime>>,
    virtual_instant: Option<Mutex<Instant>>,
}

impl Clock {
    /// A virtual clock.
    pub(crate) fn virtual_at(now: SystemTime) -> Self {
        Self {
            time_of_day: Mutex::new(Some(now)),
            virtual_instant: Some(Mutex::new(Instant::now())),
        }
    }

    pub(crate) fn set(&self, now: SystemTime) {
        *lock(&self.time_of_day) = Some(now);
    }

    /// Moves a virtual clock on; the machine's goes by itself.
    pub(crate) fn advance(&self, by: Duration) {
        if let Some(instant) = &self.virtual_instant {
            *lock(instant) += by;
            if let Some(now) = &mut *lock(&self.time_of_day) {
                *now += by;
            }
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        lock(&self.time_of_day).unwrap_or_else(SystemTime::now)
    }

    /// For measuring how long something takes.
    pub(crate) fn instant(&self) -> Instant {
        match &self.virtual_instant {
            Some(instant) => *lock(instant),
            None => Instant::now(),
        }
    }

    /// Nanoseconds since the Unix epoch, as the ABI and WASI count.
    pub(crate) fn nanoseconds(&self) -> u64 {
        let since = self
            .now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

// Every change is one assignment, so a panic elsewhere leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
