//! What callbacks cost, for whoever asks: the dearest call of each since the last time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::subject::{CallbackCost, Cost};

/// Peaks by plugin and callback; empty unless costs are counted.
#[derive(Debug, Default)]
pub(crate) struct CostStore {
    peaks: Mutex<HashMap<String, BTreeMap<String, Cost>>>,
}

// === impl CostStore ===

impl CostStore {
    pub(crate) fn add(&self, plugin: &str, callback: &str, cost: Cost) {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let callbacks = peaks.entry(plugin.to_owned()).or_default();
        let peak = callbacks.entry(callback.to_owned()).or_default();
        *peak = Cost {
            fuel: peak.fuel.max(cost.fuel),
            memory: peak.memory.max(cost.memory),
            hostcalls: peak.hostcalls.max(cost.hostcalls),
        };
    }

    /// The peaks of a plugin, which are forgotten.
    pub(crate) fn take(&self, plugin: &str) -> Vec<CallbackCost> {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let callbacks = peaks.remove(plugin).unwrap_or_default().into_iter();
        callbacks
            .map(|(callback, cost)| CallbackCost { callback, cost })
            .collect()
    }
}
