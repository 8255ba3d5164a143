//! A value that one handler renews and others read: keys, lists, limits that are fetched.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A value that one handler, often [`OnStart`](crate::OnStart)'s, renews, and others read, or wait for while there is none.
///
/// It belongs to one VM, as its filter does. Who has read it keeps what it was then.
pub struct Latest<T> {
    value: RefCell<Option<Rc<T>>>,
    /// How often it was set.
    times: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

/// See [`Latest::wait`] and [`Latest::next`].
#[must_use = "nothing is waited for until it is awaited"]
#[derive(Debug)]
pub struct WaitForLatest<'a, T> {
    latest: &'a Latest<T>,
    /// Set more often than that, if it matters.
    after: Option<u64>,
}

// === impl Latest ===

impl<T> Latest<T> {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            value: RefCell::new(None),
            times: Cell::new(0),
            waiting: RefCell::new(Vec::new()),
        }
    }

    /// Renews it. Who waits goes on with this one.
    pub fn set(&self, value: T) {
        self.times.set(self.times.get().wrapping_add(1));
        let before = self.value.replace(Some(Rc::new(value)));
        drop(before);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// As it is now; `None` when it was never set.
    #[must_use]
    pub fn get(&self) -> Option<Rc<T>> {
        self.value.borrow().clone()
    }

    /// As it is now, or as it is first set.
    pub fn wait(&self) -> WaitForLatest<'_, T> {
        WaitForLatest {
            latest: self,
            after: None,
        }
    }

    /// As it is set next, whatever it is now.
    pub fn next(&self) -> WaitForLatest<'_, T> {
        WaitForLatest {
            latest: self,
            after: Some(self.times.get()),
        }
    }
}

impl<T> Future for WaitForLatest<'_, T> {
    type Output = Rc<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Rc<T>> {
        let latest = self.latest;
        let is_awaited = self.after.is_none_or(|times| times != latest.times.get());
        if let Some(value) = latest.get().filter(|_| is_awaited) {
            return Poll::Ready(value);
        }
        let mut waiting = latest.waiting.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Latest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latest").field(&self.get()).finish()
    }
}
