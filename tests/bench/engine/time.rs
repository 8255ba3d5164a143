//! Two clocks: that of the wall, and the time that this thread has been on a core, which does not run while others do.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    OfDay,
    OfThread,
}

/// Its first number is nanoseconds on a core.
const STATISTICS: &str = "/proc/thread-self/schedstat";

// === impl Time ===

impl Time {
    /// Since whenever it began.
    pub(crate) fn now(self) -> anyhow::Result<Duration> {
        match self {
            Self::OfDay => Ok(SystemTime::UNIX_EPOCH.elapsed()?),
            Self::OfThread => {
                let text = std::fs::read_to_string(STATISTICS)?;
                let nanoseconds = text.split(' ').next().context("a number")?;
                Ok(Duration::from_nanos(nanoseconds.parse()?))
            }
        }
    }
}
