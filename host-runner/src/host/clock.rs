//! The one clock behind the ABI, WASI and everything that the host measures: the machine's, or one that a driver moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The machine's clock, of which the time of day can be [set](Clock::set) and then stands there; or a virtual one, which
/// stands wherever it was last [moved](Clock::advance) to.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Where the time of day stands, in nanoseconds since the Unix epoch; or that it is the machine's.
    time_of_day: AtomicU64,
    virtual_instant: Option<Mutex<Instant>>,
}

/// As the time of day: the machine's.
const OF_THE_MACHINE: u64 = u64::MAX;

// === impl Clock ===

impl Default for Clock {
    fn default() -> Self {
        Self {
            time_of_day: AtomicU64::new(OF_THE_MACHINE),
            virtual_instant: None,
        }
    }
}

impl Clock {
    /// A virtual clock.
    pub(crate) fn virtual_at(now: SystemTime) -> Self {
        Self {
            time_of_day: AtomicU64::new(since_epoch(now)),
            virtual_instant: Some(Mutex::new(Instant::now())),
        }
    }

    pub(crate) fn set(&self, now: SystemTime) {
        self.time_of_day.store(since_epoch(now), Ordering::Relaxed);
    }

    /// Moves a virtual clock on; the machine's goes by itself.
    pub(crate) fn advance(&self, by: Duration) {
        if let Some(instant) = &self.virtual_instant {
            *lock(instant) += by;
            let nanoseconds = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            let now = self.time_of_day.load(Ordering::Relaxed);
            let now = now.saturating_add(nanoseconds).min(OF_THE_MACHINE - 1);
            self.time_of_day.store(now, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        match self.time_of_day.load(Ordering::Relaxed) {
            OF_THE_MACHINE => SystemTime::now(),
            nanoseconds => SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds),
        }
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
        since_epoch(self.now())
    }
}

// Every change is one assignment, so a panic elsewhere leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// A time before the epoch, or after the year 2554, cannot be said in the ABI.
fn since_epoch(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.unwrap_or(Duration::ZERO).as_nanos();
    u64::try_from(nanoseconds).map_or(OF_THE_MACHINE - 1, |it| it.min(OF_THE_MACHINE - 1))
}
