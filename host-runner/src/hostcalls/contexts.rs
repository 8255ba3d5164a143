//! Contexts: which one hostcalls act on, when a root is done, and its timer.

use std::time::Duration;

use wasmtime::{Caller, Linker, Result};

use super::allocating::LinkHostcall as _;
use crate::abi::{HostcallResult, Status};
use crate::host::effect::{Effect, RootId};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_set_effective_context",
        |mut caller: Caller<'_, VmState>, context: u32| {
            Status::of(set_effective_context(caller.data_mut(), context))
        },
    )?;
    // Roots are never asked whether they are done, so none of them has an answer to make up for (rule L11).
    linker.hostcall("env", "proxy_done", |_: Caller<'_, VmState>| {
        Status::NOT_FOUND.0
    })?;
    linker.hostcall(
        "env",
        "proxy_set_tick_period_milliseconds",
        |mut caller: Caller<'_, VmState>, period: u32| {
            set_tick_period(caller.data_mut(), period);
            Status::OK.0
        },
    )?;
    Ok(())
}

// 0 takes the override away.
fn set_effective_context(state: &mut VmState, context: u32) -> HostcallResult {
    if context != 0 && !state.contexts.contains_key(&context) {
        return Err(Status::BAD_ARGUMENT);
    }
    state.effective = context;
    Ok(())
}

fn set_tick_period(state: &mut VmState, period: u32) {
    let vm = state.index;
    let period = (period > 0).then(|| Duration::from_millis(period.into()));
    if let Some(root) = state.root_mut() {
        root.tick = period;
        let root = RootId {
            vm,
            context: root.context,
        };
        state.world.effects.push_back(Effect::Tick(root, period));
    }
}
