//! A value that one handler renews and others read: keys, lists, limits that are fetched.

use std::cell::RefCell;
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
    waiting: RefCell<Vec<Waker>>,
}

/// See [`Latest::wait`].
#[must_use = "nothing is waited for until it is awaited"]
#[derive(Debug)]
pub struct WaitForLatest<'a, T>(&'a Latest<T>);

// === impl Latest ===

impl<T> Latest<T> {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            value: RefCell::new(None),
            waiting: RefCell::new(Vec::new()),
        }
    }

    /// Renews it. Who waits goes on with this one.
    pub fn set(&self, value: T) {
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
        WaitForLatest(self)
    }
}

impl<T> Future for WaitForLatest<'_, T> {
    type Output = Rc<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Rc<T>> {
        if let Some(value) = self.0.get() {
            return Poll::Ready(value);
        }
        let mut waiting = self.0.waiting.borrow_mut();
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
