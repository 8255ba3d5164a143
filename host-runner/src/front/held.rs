//! How a client holds its stream: when it lets go of it, it has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::driver::Driver;
use crate::host::worker::Worker;
use crate::host::world::StreamId;

/// A stream as its client holds it: dropped before it is over, the client has gone (rule L14).
#[derive(Clone)]
pub(crate) struct Held(pub(super) Arc<Hold>);

pub(super) struct Hold {
    pub(super) driver: Arc<Driver>,
    pub(super) id: StreamId,
    pub(super) over: Arc<AtomicBool>,
    /// Whether the client has been given as much of the response as was announced.
    pub(super) complete: Arc<AtomicBool>,
    /// Whether the response was reset in the same round in which it began.
    pub(super) unsent: AtomicBool,
    /// Ends with the client's connection.
    pub(super) connection: watch::Receiver<()>,
}

// === impl Held ===

impl Held {
    /// Tells the worker something of this stream.
    pub(crate) fn tell<T>(&self, event: impl FnOnce(&mut Worker, StreamId) -> T) -> T {
        let driver = &self.0.driver;
        driver.tell_from(true, |worker| event(worker, self.0.id))
    }

    /// Whether the response was reset by what began it. Envoy's HTTP/2 codec, which sends nothing before it has decoded
    /// all it has read, then drops what it has not sent.
    pub(crate) fn is_unsent(&self) -> bool {
        // The round may not be over yet.
        drop(self.0.driver.lock());
        self.0.unsent.load(Ordering::Acquire)
    }
}

// === impl Hold ===

impl Drop for Hold {
    // In a task of its own: this may happen while the driver is locked.
    fn drop(&mut self) {
        if self.over.load(Ordering::Acquire) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (driver, id, mut connection) =
            (Arc::clone(&self.driver), self.id, self.connection.clone());
        let complete = self.complete.load(Ordering::Acquire);
        runtime.spawn(async move {
            // A client that has all it expects has not gone before its connection has.
            if complete {
                let _ = connection.changed().await;
            }
            driver.tell(|worker| worker.client_gone(id));
        });
    }
}
