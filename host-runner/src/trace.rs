//! What a module and its host say to each other: every callback and every hostcall, decoded, in order.
//!
//! Nothing of this runs unless a [`Recorder`] is handed to a front: only then are imports wrapped when a VM is made.

mod decode;
mod event;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod verdicts;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wasmtime::{Caller, Func, Store, Val};

use crate::host::vm_state::VmState;

pub(crate) use self::event::Event;
pub(crate) use self::text::text;
pub(crate) use self::words::Words;

use self::event::What;
use self::table::signature;

/// Keeps what happened until it is taken.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    events: Arc<Mutex<Vec<Event>>>,
}

// === impl Recorder ===

impl Recorder {
    /// Everything since the last time, in order.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn add(&self, state: &VmState, what: What) {
        let root = state.current_root();
        let plugin = root.map_or(&state.name, |root| &root.plugin.name);
        let event = Event {
            worker: state.worker,
            vm: state.index,
            context: state.current,
            plugin: plugin.clone(),
            what,
        };
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event);
    }
}

/// A callback begins; when, if somebody wants to know.
pub(crate) fn begin(state: &VmState, params: &impl Words) -> Option<Instant> {
    let recorder = state.shared.trace.as_ref()?;
    recorder.add(state, What::callback(state.callback, &params.words()));
    Some(Instant::now())
}

/// It has returned, or trapped; the fuel is what the VM had burnt before.
pub(crate) fn end<R: Words>(
    state: &VmState,
    result: &Result<R, wasmtime::Error>,
    (began, fuel): (Option<Instant>, u64),
) {
    let (Some(recorder), Some(began)) = (&state.shared.trace, began) else {
        return;
    };
    let words = result.as_ref().map(Words::words);
    let spent = (began.elapsed(), state.cost.fuel - fuel);
    recorder.add(state, What::end(state.callback, words, spent));
}

/// The host did not do what it was asked to.
pub(crate) fn note(state: &VmState, text: String) {
    if let Some(recorder) = &state.shared.trace {
        recorder.add(state, What::Note { text });
    }
}

/// The same import, which is recorded when somebody is listening.
pub(crate) fn wrapped(
    store: &mut Store<VmState>,
    hostcall: Func,
    (module, name): (&str, &str),
) -> Func {
    let Some(recorder) = store.data().shared.trace.clone() else {
        return hostcall;
    };
    let Some(signature) = signature(module, name) else {
        return hostcall;
    };
    let ty = hostcall.ty(&mut *store);
    let call = move |mut caller: Caller<'_, VmState>, params: &[Val], results: &mut [Val]| {
        let before = decode::inputs(&signature, params, memory(&caller));
        let effective = caller.data().effective;
        let called = hostcall.call(&mut caller, params, results);
        let status = results.first().and_then(Val::i32).map(i32::cast_unsigned);
        let after = decode::outputs(&signature, (params, status), memory(&caller));
        let what = event::hostcall(&signature, (before, after), status, caller.data());
        recorder.add(caller.data(), what.with_effective(effective));
        called
    };
    Func::new(store, ty, call)
}

fn memory<'a>(caller: &'a Caller<'_, VmState>) -> &'a [u8] {
    let memory = caller.data().memory;
    memory.map_or(&[], |memory| memory.data(caller))
}
