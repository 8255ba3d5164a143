//! The clock that interrupts endless callbacks (rule T8): it moves an engine's epoch on, from a thread of its own.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// Long enough to cost nothing, short enough for a limit to mean what it says.
const TICK: Duration = Duration::from_millis(50);

/// Ticks until it is dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How many ticks have passed for sure when `limit` has.
pub(super) fn ticks(limit: Duration) -> u64 {
    let ticks = limit.as_nanos().div_ceil(TICK.as_nanos());
    // The first tick may come at once.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

// === impl Ticker ===

impl Ticker {
    pub(super) fn start(engine: &Engine) -> anyhow::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let engine = engine.clone();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("wasm-ticker".into());
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread.spawn(tick)?),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // Without its sender the thread ends at once.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
