//! When the reading of a body waits: while a filter holds back more than it may, or the other side is slow to take.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Bytes that may be on their way to a peer that has not taken them yet.
const WINDOW: usize = 256 * 1024;

/// One direction of a stream: opened and closed by the engine, filled by its writer, emptied by its reader.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: Mutex<bool>,
    /// Whether nothing is to be read ever again.
    over: AtomicBool,
    in_flight: AtomicUsize,
    changed: Notify,
}

// === impl Gate ===

impl Gate {
    /// Waits until more may be read.
    pub(crate) async fn open(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_open() {
                return;
            }
            changed.await;
        }
    }

    /// Whether more may be read.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed() && self.in_flight.load(Ordering::Acquire) < WINDOW
    }

    /// Waits until no more may be read.
    pub(crate) async fn shut(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_closed() {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn set(&self, open: bool) {
        if let Ok(mut closed) = self.closed.lock() {
            *closed = !open;
        }
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// Nothing more is to be read.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// Waits until nothing more is to be read.
    pub(crate) async fn ended(&self) {
        loop {
            let changed = self.changed.notified();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.in_flight.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(crate) fn taken(&self, bytes: usize) {
        self.in_flight.fetch_sub(bytes, Ordering::AcqRel);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.closed.lock().is_ok_and(|closed| *closed)
    }
}
