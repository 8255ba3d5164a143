//! What a proxy has in use: what must be what it was before once its streams are over.

use crate::host::traffic::Traffic;
use crate::host::vm_state::{Context, VmState};

/// Counts of what is alive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// VMs, failed ones too.
    pub vms: usize,
    /// Contexts of streams and connections in them.
    pub contexts: usize,
    /// Streams and connections.
    pub streams: usize,
    /// Calls of filters that are not answered, and answers that are under way.
    pub calls: usize,
    /// What hostcalls have left to be done, or to be told.
    pub left: usize,
    /// Bytes of memory of all VMs.
    pub memory: u64,
}

// === impl Usage ===

impl Usage {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            vms: self.vms + other.vms,
            contexts: self.contexts + other.contexts,
            streams: self.streams + other.streams,
            calls: self.calls + other.calls,
            left: self.left + other.left,
            memory: self.memory + other.memory,
        }
    }

    fn of(state: &VmState) -> Self {
        let is_of_stream = |context: &&Context| !matches!(context, Context::Root(_));
        let roots = state.roots.iter();
        Self {
            vms: 1,
            contexts: state.contexts.values().filter(is_of_stream).count()
                + state.last_buffers.len(),
            streams: 0,
            calls: roots.map(|root| root.callouts.grpc.len()).sum(),
            left: state.after.len() + state.unavailable.len(),
            memory: 0,
        }
    }
}

// === impl Traffic ===

impl Traffic<'_> {
    /// What this worker has in use.
    pub(crate) fn usage(&mut self) -> Usage {
        let of_vms = self.world.vms.iter_mut().map(|vm| Usage {
            memory: vm.memory_size(),
            ..Usage::of(vm.state())
        });
        let usage = of_vms.fold(Usage::default(), Usage::and);
        Usage {
            streams: self.world.http.len() + self.world.tcp.len(),
            left: usage.left + self.world.effects.len(),
            ..usage
        }
    }
}
