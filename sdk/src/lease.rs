//! What only one of all VMs is to do at a time: fetch keys, say.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::shared::Shared;
use crate::time;

/// Something that one VM at a time can hold, of all that have the same id, on every worker. Nobody waits for it: who does not
/// get it goes on without.
///
/// ```
/// # use std::time::Duration;
/// # use meshwright::{Lease, prelude::*};
/// # async fn fetch() -> Result<(), Error> { Ok(()) }
/// # async fn refresh() -> Result<(), Error> {
/// let lease = Lease::new("refresh-keys", Duration::from_secs(10));
/// if let Some(held) = lease.take()? {
///     fetch().await?;
///     held.give_back()?;
/// }
/// # Ok(()) }
/// ```
pub struct Lease {
    shared: Shared<Record>,
    duration: Duration,
}

/// A lease that this VM has. When it is dropped, as it is when its handler's stream ends, or when an error is returned, it
/// stays taken until its time is over.
#[must_use = "it is given back by `give_back`, or else held until its time is over"]
pub struct Held<'a> {
    lease: &'a Lease,
    number: u64,
    until: SystemTime,
}

/// Whose it is: the holder's number, since when and until when, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Record(u64, u64, u64);

// === impl Lease ===

impl Lease {
    /// The lease of that name, which is a key of shared data, for so long at a time.
    pub fn new(name: impl Into<String>, duration: Duration) -> Self {
        Self {
            shared: Shared::new(name),
            duration,
        }
    }

    /// Takes it; `None` when another one holds it, which may be another handler of this VM.
    ///
    /// # Errors
    /// When the host refuses, or others take it and give it back all the time.
    pub fn take(&self) -> Result<Option<Held<'_>>, Error> {
        let number = fastrand::u64(..);
        let is_free = |record: &Record, now| !record.is_held(now);
        let until = self.change(number, is_free)?;
        Ok(until.map(|until| Held {
            lease: self,
            number,
            until,
        }))
    }

    // Makes it that number's from now on, where it may be; until when it then is. The clock is read after the record: so none is
    // from later than now, and a VM that was halted in between takes it for a shorter time, not for a longer one.
    fn change(
        &self,
        number: u64,
        may: impl Fn(&Record, u64) -> bool,
    ) -> Result<Option<SystemTime>, Error> {
        let taken = self.shared.update_if(|present| {
            let from = nanoseconds(time::now()?);
            let may = present.is_none_or(|present| may(&present, from));
            Ok(may.then(|| Record(number, from, from.saturating_add(self.nanoseconds()))))
        })?;
        Ok(taken.map(|taken| SystemTime::UNIX_EPOCH + Duration::from_nanos(taken.2)))
    }

    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.duration.as_nanos()).unwrap_or(u64::MAX)
    }
}

// === impl Held ===

impl Held<'_> {
    /// Until when it is held. After that another VM may take it: work that takes longer must [`Self::renew`] it.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// Holds it for its whole time once more, from now on; `false` when another VM has taken it meanwhile.
    ///
    /// # Errors
    /// As [`Lease::take`].
    pub fn renew(&mut self) -> Result<bool, Error> {
        let is_own = |record: &Record, _| record.0 == self.number;
        let until = self.lease.change(self.number, is_own)?;
        self.until = until.unwrap_or(self.until);
        Ok(until.is_some())
    }

    /// Gives it back, so that another VM can take it at once.
    ///
    /// # Errors
    /// As [`Lease::take`]; then it is held until its time is over.
    pub fn give_back(self) -> Result<(), Error> {
        let given = self.lease.shared.update_if(|present| {
            let own = present.filter(|record| record.0 == self.number);
            Ok(own.map(|own| Record(own.0, own.1, own.1)))
        });
        given.map(drop)
    }
}

// === impl Record ===

impl Record {
    // One that begins later than now was taken before the clock was set back: it would be held for as long as that.
    fn is_held(&self, now: u64) -> bool {
        let Self(_, from, until) = *self;
        (from..until).contains(&now)
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("shared", &self.shared)
            .field("duration", &self.duration)
            .finish()
    }
}

impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("lease", &self.lease)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
