//! The one clock behind the ABI and WASI: the machine's, or one that stands still where it is set.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// Real until it is [set](Clock::set); from then on it stands at that instant.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    fixed: Mutex<Option<SystemTime>>,
}

impl Clock {
    pub(crate) fn set(&self, now: SystemTime) {
        if let Ok(mut fixed) = self.fixed.lock() {
            *fixed = Some(now);
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        let fixed = self.fixed.lock().ok().and_then(|fixed| *fixed);
        fixed.unwrap_or_else(SystemTime::now)
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
