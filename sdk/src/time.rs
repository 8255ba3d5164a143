//! The host's clock, and waiting by it: many timers over the one tick that a host has (rule Q1).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::hostcalls::{Named as _, host};

thread_local! {
    static TIMERS: Timers = const { Timers {
        by_deadline: RefCell::new(BTreeMap::new()),
        last: Cell::new(0),
        ahead: Cell::new(0),
        armed: Cell::new(None),
    } };
}

/// The timers of this VM.
struct Timers {
    /// By when, on a clock that is the host's plus `ahead`, and by order.
    by_deadline: RefCell<BTreeMap<(u64, u64), Waker>>,
    last: Cell<u64>,
    /// The host's clock is that of the wall, which can be set back, or stand in a test: then a tick says that time has
    /// passed all the same.
    ahead: Cell<u64>,
    /// Since when, and until when at the earliest, the next tick is waited for.
    armed: Cell<Option<(u64, u64)>>,
}

/// See [`Stream::sleep`](crate::Stream::sleep).
#[must_use = "nothing is waited for until it is awaited"]
pub struct Sleep {
    duration: Duration,
    timer: Option<(u64, u64)>,
}

/// See [`Stream::within`](crate::Stream::within).
#[must_use = "nothing is waited for until it is awaited"]
pub struct Within<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
}

/// The host's clock (`proxy_get_current_time_nanoseconds`).
///
/// # Errors
/// When the host refuses.
pub fn now() -> Result<SystemTime, Error> {
    Ok(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds()?))
}

/// The tick has come: who has waited long enough goes on.
pub(crate) fn tick() {
    let Ok(now) = passed() else {
        return;
    };
    let late = TIMERS.with(|timers| match timers.armed.get() {
        Some((since, until)) if now <= since => until.saturating_sub(now),
        _ => 0,
    });
    TIMERS.with(|timers| timers.ahead.set(timers.ahead.get().saturating_add(late)));
    let now = now.saturating_add(late);
    let due = TIMERS.with(|timers| {
        let mut by_deadline = timers.by_deadline.borrow_mut();
        let later = by_deadline.split_off(&(now.saturating_add(1), 0));
        std::mem::replace(&mut *by_deadline, later)
    });
    due.into_values().for_each(Waker::wake);
    if let Err(error) = arm(now) {
        log::error!("who sleeps sleeps on: {error}");
    }
}

/// Asks for a tick as soon as there can be one.
pub(crate) fn soon() {
    if let Err(status) = host().set_tick_period_milliseconds(1) {
        log::error!(
            "hostcall `set_tick_period_milliseconds` failed: {status}; who was woken waits on"
        );
    }
}

// The clock of timers.
fn passed() -> Result<u64, Error> {
    Ok(nanoseconds()?.saturating_add(TIMERS.with(|timers| timers.ahead.get())))
}

fn nanoseconds() -> Result<u64, Error> {
    let now = host().get_current_time_nanoseconds();
    Ok(now.named("get_current_time_nanoseconds", b"")?)
}

// The tick comes at the first deadline, in whole milliseconds; without any it stops.
fn arm(now: u64) -> Result<(), Error> {
    let first = TIMERS.with(|timers| timers.by_deadline.borrow().keys().next().copied());
    let period = match first {
        None => 0,
        Some((deadline, _)) => deadline.saturating_sub(now).div_ceil(1_000_000).max(1),
    };
    let period = u32::try_from(period).unwrap_or(u32::MAX);
    let until = now.saturating_add(u64::from(period) * 1_000_000);
    TIMERS.with(|timers| timers.armed.set(first.map(|_| (now, until))));
    let set = host().set_tick_period_milliseconds(period);
    Ok(set.named("set_tick_period_milliseconds", b"")?)
}

// === impl Sleep ===

impl Sleep {
    pub(crate) fn new(duration: Duration) -> Self {
        Self {
            duration,
            timer: None,
        }
    }

    fn begin(&mut self, waker: &Waker) -> Result<(), Error> {
        let now = passed()?;
        let duration = u64::try_from(self.duration.as_nanos()).unwrap_or(u64::MAX);
        let timer = TIMERS.with(|timers| {
            let number = timers.last.get().wrapping_add(1);
            timers.last.set(number);
            let timer = (now.saturating_add(duration), number);
            timers.by_deadline.borrow_mut().insert(timer, waker.clone());
            timer
        });
        self.timer = Some(timer);
        arm(now)
    }

    fn is_over(timer: (u64, u64), waker: &Waker) -> bool {
        TIMERS.with(
            |timers| match timers.by_deadline.borrow_mut().get_mut(&timer) {
                Some(place) => {
                    place.clone_from(waker);
                    false
                }
                None => true,
            },
        )
    }
}

impl Future for Sleep {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.timer {
            Some(timer) if Self::is_over(timer, context.waker()) => Poll::Ready(Ok(())),
            Some(_) => Poll::Pending,
            None => match self.begin(context.waker()) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            // Nothing is there any more where a native test's thread ends.
            let _ = TIMERS.try_with(|timers| timers.by_deadline.borrow_mut().remove(&timer));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

// === impl Within ===

impl<F> Within<F> {
    pub(crate) fn new(duration: Duration, future: F) -> Self {
        Self {
            future: Box::pin(future),
            sleep: Sleep::new(duration),
        }
    }
}

impl<T, F: Future<Output = Result<T, Error>>> Future for Within<F> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.future.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        match Pin::new(&mut self.sleep).poll(context) {
            Poll::Ready(slept) => Poll::Ready(slept.and(Err(Error::TimedOut))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for Within<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("sleep", &self.sleep)
            .finish_non_exhaustive()
    }
}
