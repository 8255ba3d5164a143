//! The host of this thread, where there is no proxy: whichever a test has installed.

use std::cell::RefCell;
use std::rc::Rc;

use crate::hostcalls::Hostcalls;

thread_local! {
    static HOST: RefCell<Option<Rc<dyn Hostcalls>>> = const { RefCell::new(None) };
}

/// A host that has nothing.
struct Nothing;

/// This thread's host.
#[must_use]
pub fn host() -> Rc<dyn Hostcalls> {
    // What is dropped with the thread may still ask.
    let installed = HOST.try_with(|host| host.borrow().clone());
    installed.ok().flatten().unwrap_or_else(|| Rc::new(Nothing))
}

/// Makes this the host of this thread.
pub fn install(host: Rc<dyn Hostcalls>) {
    HOST.with(|place| place.replace(Some(host)));
}

// === impl Nothing ===

impl Hostcalls for Nothing {}
