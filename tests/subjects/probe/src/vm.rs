//! What the VM as a whole remembers: the values that scripts name with `$`, and how often it saw a `count`.
//! Two plugins of this module can share a VM (rule L4); then they share this.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A value of an earlier call: its last u32, and its last bytes.
pub(crate) type Variable = (u32, Vec<u8>);

/// Whose callback it is, and whose script runs in it; both differ where a root runs the commands of a stream.
#[derive(Clone, Copy, Default)]
pub(crate) struct Running {
    pub(crate) context: u32,
    pub(crate) owner: u32,
}

thread_local! {
    static LAST: RefCell<Variable> = const { RefCell::new((0, Vec::new())) };
    static KEPT: RefCell<BTreeMap<String, Variable>> = const { RefCell::new(BTreeMap::new()) };
    static COUNTS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
    static STREAM: Cell<u32> = const { Cell::new(0) };
    static RUNNING: Cell<Running> = const { Cell::new(Running { context: 0, owner: 0 }) };
}

/// `$name`; what has no value is 0 and empty.
pub(crate) fn variable(name: &str) -> Variable {
    match name {
        "ctx" => (running().context, Vec::new()),
        "owner" => (running().owner, Vec::new()),
        "stream" => (STREAM.get(), Vec::new()),
        "last" => LAST.with_borrow(Clone::clone),
        name => KEPT.with_borrow(|kept| kept.get(name).cloned().unwrap_or_default()),
    }
}

pub(crate) fn set_last_number(number: u32) {
    LAST.with_borrow_mut(|last| last.0 = number);
}

pub(crate) fn set_last_bytes(bytes: &[u8]) {
    LAST.with_borrow_mut(|last| last.1 = bytes.to_vec());
}

/// Gives `$last` a name of its own.
pub(crate) fn keep(name: &str) {
    let last = variable("last");
    KEPT.with_borrow_mut(|kept| kept.insert(name.to_owned(), last));
}

/// How often this has been counted, with this time.
pub(crate) fn count(text: &str) -> u32 {
    COUNTS.with_borrow_mut(|counts| {
        let count = counts.entry(text.to_owned()).or_default();
        *count += 1;
        *count
    })
}

/// The stream context created last.
pub(crate) fn set_stream(context: u32) {
    STREAM.set(context);
}

pub(crate) fn running() -> Running {
    RUNNING.get()
}

/// A hostcall may call back into this module, so what ran before runs on afterwards.
pub(crate) fn while_running<T>(running: Running, run: impl FnOnce() -> T) -> T {
    let before = RUNNING.replace(running);
    let result = run();
    RUNNING.set(before);
    result
}
