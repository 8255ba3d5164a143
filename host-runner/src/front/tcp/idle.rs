//! The TCP proxy's idle timeout: a connection on which nothing passes is closed.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::super::driver::Driver;
use crate::host::world::StreamId;

/// Envoy's default for `idle_timeout` of its TCP proxy.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);

/// When something last passed on a connection.
#[derive(Debug)]
pub(super) struct Activity(Mutex<Instant>);

// === impl Activity ===

impl Default for Activity {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Activity {
    pub(super) fn seen(&self) {
        if let Ok(mut last) = self.0.lock() {
            *last = Instant::now();
        }
    }

    /// Closes the connection once it has been idle for too long.
    pub(super) fn watch(self: &Arc<Self>, driver: Arc<Driver>, id: StreamId) -> AbortHandle {
        let activity = Arc::clone(self);
        let task = tokio::spawn(async move {
            loop {
                let left = IDLE_TIMEOUT.saturating_sub(activity.idle());
                if left.is_zero() {
                    return driver.tell(|worker| worker.tcp_idle(id));
                }
                tokio::time::sleep(left).await;
            }
        });
        task.abort_handle()
    }

    fn idle(&self) -> Duration {
        self.0.lock().map_or(Duration::ZERO, |last| last.elapsed())
    }
}
