//! Wakers that are numbers: what wakes a task puts the id of its context on the list of those to poll again.
#![expect(
    unsafe_code,
    reason = "a waker without an allocation is made of a raw table"
)]

use std::cell::RefCell;
use std::ptr::without_provenance;
use std::task::{RawWaker, RawWakerVTable, Waker};

thread_local! {
    static WOKEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

static TABLE: RawWakerVTable = RawWakerVTable::new(
    |id| RawWaker::new(id, &TABLE),
    |id| wake(id.addr()),
    |id| wake(id.addr()),
    |_| {},
);

/// The waker of the context of that id.
pub(crate) fn of(id: u32) -> Waker {
    // SAFETY: the pointer is a number that nobody reads through, so that clones and drops need do nothing; a VM has one
    // thread, and natively another thread's list is only its own.
    unsafe { Waker::new(without_provenance(id as usize), &TABLE) }
}

/// Who has been woken since this was asked last, each once.
pub(crate) fn take_woken() -> Vec<u32> {
    WOKEN.with(|woken| std::mem::take(&mut *woken.borrow_mut()))
}

/// Whether the context of that id has been woken since this was asked last.
pub(crate) fn is_woken(id: u32) -> bool {
    WOKEN.with(|woken| {
        let mut woken = woken.borrow_mut();
        let place = woken.iter().position(|it| *it == id);
        place.map(|place| woken.swap_remove(place)).is_some()
    })
}

/// Whether anybody is waiting to be polled again.
pub(crate) fn is_anybody_woken() -> bool {
    WOKEN.with(|woken| !woken.borrow().is_empty())
}

fn wake(id: usize) {
    let id = u32::try_from(id).unwrap_or_default();
    WOKEN.with(|woken| {
        let mut woken = woken.borrow_mut();
        if !woken.contains(&id) {
            woken.push(id);
        }
    });
}
