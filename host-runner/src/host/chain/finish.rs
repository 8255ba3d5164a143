//! The end of a stream: every filter logs it, then forgets it (rules L6, L9, L10, L11).

use crate::host::effect::{Effect, HttpEffect};
use crate::host::stream::Filter;
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;
use crate::host::world::StreamId;

impl Traffic<'_> {
    /// Ends a stream, once.
    pub(crate) fn finish(&mut self, id: StreamId) {
        let now = self.shared.clock.instant();
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        if std::mem::replace(&mut stream.finished, true) {
            return;
        }
        stream.info.end(now);
        let filters = stream.filters.len();
        (0..filters).for_each(|index| self.log(id, index));
        (0..filters).for_each(|index| self.destroy(id, index));
        self.world
            .effects
            .push_back(Effect::Http(id, HttpEffect::Finished));
    }

    // A filter that never saw the request gets its context here (rule L6).
    fn log(&mut self, id: StreamId, index: usize) {
        self.create_context(id, index);
        // What the filter still holds it can still change, though nobody will see it.
        self.set(id, index, |filter| filter.logging = true);
        if let Some((vm, context)) = self.filter_vm(id, index) {
            // A failed VM hears nothing more (rule T1).
            let _: Result<_, VmFailed> = self.call(vm, context, |it| &it.log, context);
            self.run_after(vm);
        }
        self.set(id, index, |filter| filter.logging = false);
    }

    fn destroy(&mut self, id: StreamId, index: usize) {
        self.set(id, index, |filter| filter.destroyed = true);
        let Some((vm, context)) = self.filter_vm(id, index) else {
            return;
        };
        let done: Result<_, VmFailed> = self.call(vm, context, |it| &it.done, context);
        let _: Result<_, VmFailed> =
            done.and_then(|_| self.call(vm, context, |it| &it.delete, context));
        if let Some(state) = self.state(vm) {
            state.contexts.remove(&context);
            state.last_buffers.remove(&context);
        }
        self.run_after(vm);
    }

    fn set(&mut self, id: StreamId, index: usize, change: impl FnOnce(&mut Filter)) {
        let stream = self.world.http.get_mut(id);
        if let Some(filter) = stream.and_then(|stream| stream.filters.get_mut(index)) {
            change(filter);
        }
    }
}
