//! A place for what a callback of the root will bring to a handler that waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

/// What has been brought and not been taken, in order, and who waits for it.
pub(crate) struct Slot<T> {
    brought: RefCell<VecDeque<T>>,
    waker: Cell<Option<Waker>>,
}

// === impl Slot ===

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        Self {
            brought: RefCell::new(VecDeque::new()),
            waker: Cell::new(None),
        }
    }

    pub(crate) fn bring(&self, value: T) {
        self.brought.borrow_mut().push_back(value);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<T> {
        match self.brought.borrow_mut().pop_front() {
            Some(value) => Poll::Ready(value),
            None => {
                self.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}
