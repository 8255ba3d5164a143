//! The streams of a worker on their way through its VMs.
//!
//! A VM is entered from outside, or once more from within a hostcall of its own, where Envoy acts before the hostcall
//! returns (rule B2).

use std::collections::VecDeque;
use std::sync::Arc;

use wasmtime::{AsContextMut as _, StoreContextMut, WasmParams, WasmResults};

use crate::engine::limits;
use crate::host::callbacks::{Callbacks, Export, Headers};
use crate::host::effect::Effect;
use crate::host::stream::{Direction, Stream};
use crate::host::vm::{VmFailed, enter};
use crate::host::vm_state::{Action, After, Context, Shared, VmState};
use crate::host::world::{StreamId, World};
use crate::trace::Words;

/// See the module.
pub(crate) struct Traffic<'a> {
    pub(super) shared: Shared,
    pub(super) world: Box<World>,
    // The VM whose hostcall this is in.
    entered: Option<Entered<'a>>,
}

struct Entered<'a> {
    vm: usize,
    store: StoreContextMut<'a, VmState>,
}

/// What a callback goes on with after the VM was entered once more.
struct Waiting {
    current: u32,
    callback: &'static str,
    effective: u32,
    stop_iteration: bool,
    malloc_trapped: bool,
    /// Resumes that Envoy would act on at once; whether they are taken depends on what the callback returns (rule R2).
    resumes: VecDeque<After>,
    contexts: [Option<Context>; 2],
    tank: u64,
}

/// Does something to the streams from within a hostcall.
pub(crate) fn within<'a>(
    mut store: StoreContextMut<'a, VmState>,
    act: impl FnOnce(&mut Traffic<'a>),
) {
    let waiting = Waiting::in_callback(&mut store);
    let state = store.data_mut();
    let mut traffic = Traffic {
        shared: state.shared.clone(),
        world: std::mem::take(&mut state.world),
        entered: None,
    };
    let vm = state.index;
    traffic.entered = Some(Entered { vm, store });
    act(&mut traffic);
    if let Some(Entered { mut store, .. }) = traffic.entered {
        store.data_mut().world = traffic.world;
        waiting.go_on(&mut store);
    }
}

// === impl Waiting ===

impl Waiting {
    fn in_callback(store: &mut StoreContextMut<'_, VmState>) -> Self {
        let tank = limits::pause(store);
        let state = store.data_mut();
        state.depth += 1;
        let ids = [state.current, state.effective];
        let after = std::mem::take(&mut state.after).into_iter();
        let (resumes, others) = after.partition(|it| matches!(it.action, Action::Continue(_)));
        state.after = others;
        Self {
            malloc_trapped: std::mem::take(&mut state.malloc_trapped),
            resumes,
            current: state.current,
            callback: state.callback,
            effective: state.effective,
            stop_iteration: state.stop_iteration,
            contexts: ids.map(|id| state.contexts.get(&id).copied()),
            tank,
        }
    }

    fn go_on(self, store: &mut StoreContextMut<'_, VmState>) {
        limits::go_on(store, self.tank);
        let state = store.data_mut();
        state.current = self.current;
        state.callback = self.callback;
        state.effective = self.effective;
        state.stop_iteration = self.stop_iteration;
        state.malloc_trapped |= self.malloc_trapped;
        state.depth -= 1;
        state.after.extend(self.resumes);
        // Contexts that were deleted meanwhile are still reached until the callback returns.
        for (id, context) in [self.current, self.effective]
            .into_iter()
            .zip(self.contexts)
        {
            if let Some(context) = context.filter(|_| !state.contexts.contains_key(&id)) {
                state.contexts.insert(id, context);
                state.deleted.push(id);
            }
        }
    }
}

// === impl Traffic ===

impl Traffic<'static> {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared,
            world: Box::default(),
            entered: None,
        }
    }
}

impl Traffic<'_> {
    /// What is to be done outside, in order.
    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.world.effects.pop_front()
    }

    /// A stream that is alive, or finished and not yet forgotten.
    pub(crate) fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.world.http.get(id)
    }

    /// The host's side of a VM.
    pub(super) fn state(&mut self, vm: usize) -> Option<&mut VmState> {
        match &mut self.entered {
            Some(entered) if entered.vm == vm => Some(entered.store.data_mut()),
            _ => Some(self.world.vms.get_mut(vm)?.state()),
        }
    }

    /// Calls one of a VM's [`Callbacks`]; `None` when the module does not export it.
    pub(super) fn call<P: WasmParams + Words, R: WasmResults + Words>(
        &mut self,
        vm: usize,
        context: u32,
        callback: fn(&Callbacks) -> &Export<P, R>,
        params: P,
    ) -> Result<Option<R>, VmFailed> {
        self.enter(vm, |store, callbacks, world| {
            enter(store, world, context, callback(callbacks), params)
        })
    }

    /// Calls a headers callback, with or without the end of stream as its ABI has it.
    pub(super) fn call_headers(
        &mut self,
        (vm, context): (usize, u32),
        way: Direction,
        (count, end): (u32, bool),
    ) -> Result<Option<u32>, VmFailed> {
        self.enter(vm, |store, callbacks, world| {
            let stages = match way {
                Direction::Request => &callbacks.request,
                Direction::Response => &callbacks.response,
            };
            match &stages.headers {
                Headers::WithEnd(export) => {
                    let params = (context, count, u32::from(end));
                    enter(store, world, context, export, params)
                }
                Headers::WithoutEnd(export) => {
                    enter(store, world, context, export, (context, count))
                }
            }
        })
    }

    // The VM is out of its place for that time, as the world is the guest's.
    fn enter<T>(
        &mut self,
        vm: usize,
        call: impl FnOnce(
            StoreContextMut<'_, VmState>,
            &Callbacks,
            &mut Box<World>,
        ) -> Result<T, VmFailed>,
    ) -> Result<T, VmFailed> {
        if let Some(entered) = self.entered.as_mut().filter(|entered| entered.vm == vm) {
            let callbacks = Arc::clone(&entered.store.data().callbacks);
            return call(entered.store.as_context_mut(), &callbacks, &mut self.world);
        }
        let mut machine = self.world.vms.take(vm).ok_or(VmFailed)?;
        let result = call(
            machine.store.as_context_mut(),
            &machine.callbacks,
            &mut self.world,
        );
        self.world.vms.put(vm, machine);
        result
    }
}
