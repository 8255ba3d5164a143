//! What a VM may use and what it has used: memory as Envoy limits it (rule V8), time as Envoy should (rule T8), fuel.

use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreContextMut, Trap};

use super::options::EngineOptions;
use super::ticker;
use crate::host::vm_state::VmState;
use crate::subject::Cost;

/// V8's own limit.
pub(super) const MAX_TABLE: u64 = 10_000_000;

/// More than any callback burns.
const FULL_TANK: u64 = u64::MAX;

/// The limits of one VM.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    max_memory: u64,
    callback: Option<Duration>,
    metered: bool,
    memory: u64,
}

// === impl Limits ===

impl Limits {
    pub(super) fn new(options: &EngineOptions) -> Self {
        Self {
            max_memory: options
                .max_memory
                .min(options.profile.max_memory().unwrap_or(u64::MAX)),
            callback: options.callback_limit,
            metered: options.metering,
            memory: 0,
        }
    }

    /// What to say of a callback that was interrupted.
    pub(crate) fn interruption(&self, callback: &str, error: &wasmtime::Error) -> Option<String> {
        let interrupted = error.downcast_ref::<Trap>() == Some(&Trap::Interrupt);
        let limit = self.callback.filter(|_| interrupted)?;
        Some(format!(
            "rule T8: {callback} ran for more than {limit:?}; Envoy would hang this worker"
        ))
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired as u64 <= self.max_memory;
        if fits {
            self.memory += desired.saturating_sub(current) as u64;
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired as u64 <= MAX_TABLE)
    }
}

/// Before guest code runs: it has until the limit from now, and a full tank.
pub(crate) fn begin(store: &mut StoreContextMut<'_, VmState>) -> Cost {
    let limits = &store.data().limits;
    let (limit, metered) = (limits.callback, limits.metered);
    // What is entered from within a hostcall shares the time of the callback that made it.
    if let Some(limit) = limit.filter(|_| store.data().depth == 0) {
        store.set_epoch_deadline(ticker::ticks(limit));
    }
    if metered {
        // It fails only in an engine without fuel, and a metered one has it.
        let _ = store.set_fuel(FULL_TANK);
    }
    store.data().cost
}

/// After it: what was used since `before` is on the VM's account, and the callback's.
pub(crate) fn end(store: &mut StoreContextMut<'_, VmState>, before: Cost, callback: &str) {
    if !store.data().limits.metered {
        return;
    }
    let burnt = FULL_TANK - store.get_fuel().unwrap_or(FULL_TANK);
    let state = store.data_mut();
    state.cost.fuel += burnt;
    state.cost.memory = state.limits.memory;
    let spent = Cost {
        fuel: burnt,
        memory: state.cost.memory,
        hostcalls: state.cost.hostcalls - before.hostcalls,
    };
    let plugin = state.root().map_or(&state.name, |root| &root.plugin.name);
    state.shared.costs.add(plugin, callback, spent);
}

/// What is left in the tank of a callback that waits while the VM is entered once more.
pub(crate) fn pause(store: &StoreContextMut<'_, VmState>) -> u64 {
    store.get_fuel().unwrap_or_default()
}

/// That callback goes on, with what it had left.
pub(crate) fn go_on(store: &mut StoreContextMut<'_, VmState>, tank: u64) {
    if store.data().limits.metered {
        let _ = store.set_fuel(tank);
    }
}
