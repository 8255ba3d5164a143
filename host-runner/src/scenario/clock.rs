//! Which instant the subjects' clocks stand at. Groups run in parallel and each has its own instant, but a subject
//! has one clock, so groups of another instant wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::subject::Subject;

/// The clocks of some subjects.
pub(super) struct Clock {
    subjects: Vec<Arc<dyn Subject>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    instant: Option<SystemTime>,
    // For each subject, whether it took the instant.
    accepted: Vec<bool>,
    users: usize,
}

/// While this lives, the clocks stand still.
pub(super) struct Hold<'a> {
    clock: &'a Clock,
    instant: SystemTime,
    accepted: Vec<bool>,
}

// === impl Clock ===

impl Clock {
    pub(super) fn new(subjects: Vec<Arc<dyn Subject>>) -> Self {
        Self {
            subjects,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until the clocks can be set to `instant`, and sets them.
    pub(super) fn hold(&self, instant: SystemTime) -> Hold<'_> {
        let other_users = |state: &mut State| state.users > 0 && state.instant != Some(instant);
        let state = self.changed.wait_while(self.lock(), other_users);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.instant != Some(instant) {
            state.accepted = self
                .subjects
                .iter()
                .map(|subject| subject.set_clock(instant))
                .collect();
            state.instant = Some(instant);
        }
        state.users += 1;
        Hold {
            clock: self,
            instant,
            accepted: state.accepted.clone(),
        }
    }

    pub(super) fn subjects(&self) -> &[Arc<dyn Subject>] {
        &self.subjects
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Hold ===

impl Hold<'_> {
    /// Seconds since the epoch on the clock of the subject at `index`; the machine's when it took no other.
    pub(super) fn now(&self, index: usize) -> i64 {
        let accepted = self.accepted.get(index).copied().unwrap_or_default();
        let now = if accepted {
            self.instant
        } else {
            SystemTime::now()
        };
        let since_epoch = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.clock.lock().users -= 1;
        self.clock.changed.notify_all();
    }
}
