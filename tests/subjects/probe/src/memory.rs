//! The allocator that the host calls, and the ways in which a script makes it fail.
#![expect(
    unsafe_code,
    reason = "the host asks for memory and writes into it by address"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::traps;

/// What the allocator does when the host calls it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Allocate,
    /// Returns 0.
    Fail,
    Trap,
    /// Makes a hostcall that is forbidden there (rule V11), then allocates.
    Call,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Allocate) };
    // What was handed out and has not come back, by address. Nothing else is freed, whatever a host returns.
    static ALLOCATED: RefCell<BTreeMap<usize, Layout>> = const { RefCell::new(BTreeMap::new()) };
}

/// The size of a page of memory.
const PAGE: usize = 65_536;

pub(crate) fn set_mode(mode: Mode) {
    MODE.set(mode);
}

/// Memory for the host, or 0 where there is none.
pub(crate) fn allocate(size: usize) -> usize {
    match MODE.get() {
        Mode::Allocate => {}
        Mode::Fail => return 0,
        Mode::Trap => traps::unreachable(),
        Mode::Call => drop(crate::abi::now()),
    }
    // The host writes words into it, so that it is aligned like them.
    let Ok(layout) = Layout::from_size_align(size.max(1), 8) else {
        return 0;
    };
    // SAFETY: the layout is not empty.
    let address = unsafe { alloc_zeroed(layout) }.expose_provenance();
    if address != 0 {
        ALLOCATED.with_borrow_mut(|allocated| allocated.insert(address, layout));
    }
    address
}

/// The bytes that the host returned, freed if they were allocated here; `None` if they are outside the memory.
pub(crate) fn take(address: u32, size: u32) -> Option<Vec<u8>> {
    let (address, size) = (address as usize, size as usize);
    let end = address.checked_add(size)?;
    if end > core::arch::wasm32::memory_size::<0>().saturating_mul(PAGE) {
        return None;
    }
    let pointer = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: the range is inside the memory of this module, and is not 0: that is `null` to the caller.
    let bytes = unsafe { std::slice::from_raw_parts(pointer, size) }.to_vec();
    if let Some(layout) = ALLOCATED.with_borrow_mut(|allocated| allocated.remove(&address)) {
        // SAFETY: `allocate` made it with this layout, and forgets it here.
        unsafe { dealloc(pointer, layout) };
    }
    Some(bytes)
}

/// Grows the memory by pages: how many there were, or -1.
pub(crate) fn grow(pages: u32) -> i32 {
    let before = core::arch::wasm32::memory_grow::<0>(pages as usize);
    i32::try_from(before).unwrap_or(-1)
}
