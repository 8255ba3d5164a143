//! An exchange in flight: the engine's [`Exchange`] together with the worker that runs it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::host::exchange::Exchange;
use crate::host::stream::StreamState;
use crate::host::worker::{SharedWorker, Worker};

/// Shared by the tasks that move the request and the response. When the last one lets go, for whatever reason (a client
/// that went away too), the filters hear that the stream has ended (rule L14).
pub(crate) struct Live {
    worker: SharedWorker,
    exchange: Mutex<Option<Exchange>>,
}

// === impl Live ===

impl Live {
    pub(crate) fn new(worker: SharedWorker, stream: StreamState) -> Self {
        let exchange = Exchange::new(stream, &lock(&worker));
        Self {
            worker,
            exchange: Mutex::new(Some(exchange)),
        }
    }

    /// Runs one stage. Nothing waits inside: callbacks return at once.
    pub(crate) fn stage<T>(&self, run: impl FnOnce(&mut Exchange, &mut Worker) -> T) -> Option<T> {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange
            .as_mut()
            .map(|exchange| run(exchange, &mut lock(&self.worker)))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let exchange = self
            .exchange
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(exchange) = exchange.take() {
            exchange.finish(&mut lock(&self.worker));
        }
    }
}

fn lock(worker: &SharedWorker) -> MutexGuard<'_, Worker> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}
