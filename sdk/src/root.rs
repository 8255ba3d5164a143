//! The plugin itself, beside its streams: a handler that begins when it is configured, and may go on as long as it lives.

use std::fmt;
use std::ops::Deref;

use crate::current::{self, Now};
use crate::error::Error;
use crate::hostcalls::host;
use crate::listed;
use crate::queue::Queue;
use crate::stream::Stream;
use crate::task::Task;
use crate::vm;
use crate::waker;

/// The plugin's root context: calls, time, queues, and those properties that are of no stream. Stream state is out of reach
/// (rule P2).
pub struct Root<F> {
    stream: Stream<F>,
}

/// How often a handler may wake itself in one callback.
const ROUNDS: usize = 100;

/// Begins the handler of a plugin, in the callback that has configured it. It takes the place of an older one.
pub(crate) fn begin(context: u32, task: impl Task + 'static) {
    go_on(context, Box::new(task));
}

/// The handler of a plugin was woken, if that is one's context.
pub(crate) fn resume(context: u32) {
    let Some(task) = vm::with(|vm| vm.take_root(context)) else {
        return;
    };
    match host().set_effective_context(context) {
        Ok(()) => go_on(context, task),
        Err(status) => {
            log::error!(
                "hostcall `set_effective_context` failed: {status}; the plugin's handler waits on"
            );
            vm::with(|vm| vm.keep_root(context, task));
        }
    }
}

fn go_on(context: u32, mut task: Box<dyn Task>) {
    for _ in 0..ROUNDS {
        let (polled, _) = current::poll(task.as_mut(), Now::of(context, None));
        if polled.is_ready() {
            return;
        }
        if !waker::is_woken(context) {
            break;
        }
    }
    vm::with(|vm| vm.keep_root(context, task));
}

// === impl Root ===

impl<F> Root<F> {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            stream: Stream::new(context),
        }
    }

    /// The queue of that name, made where there is none. This plugin is told of its items (rule Q2).
    ///
    /// # Errors
    /// When the host refuses.
    pub fn queue(&self, name: &str) -> Result<Queue, Error>
    where
        F: listed::Queues,
    {
        Queue::register(name)
    }
}

impl<F> Deref for Root<F> {
    type Target = Stream<F>;

    fn deref(&self) -> &Stream<F> {
        &self.stream
    }
}

impl<F> fmt::Debug for Root<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").finish_non_exhaustive()
    }
}
