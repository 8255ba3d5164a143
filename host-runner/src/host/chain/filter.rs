//! One filter of a stream: its callbacks, what they may reach, and what their results mean (Envoy's Wasm context).

use crate::abi::MapType;
use crate::host::reply::LocalReply;
use crate::host::stream::{Direction, Half, Iteration, Source};
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;
use crate::host::vm_state::{Action, After};
use crate::host::world::StreamId;

/// What a callback's result means to the filter chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Answer {
    Continue,
    /// Headers and trailers: hold these, go on with what follows. Body: drop the chunk.
    Stop,
    StopAllBuffer,
    StopAllWatermark,
    Buffer,
    Watermark,
}

/// Which stage of a stream a result is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Headers { may_stop: bool },
    Body,
    Trailers,
}

impl Traffic<'_> {
    pub(in crate::host) fn filter_headers(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        end: bool,
    ) -> Answer {
        if way == Direction::Request {
            self.create_context(id, index);
        }
        let Some(count) = self.show_headers(id, way, index, end) else {
            return Answer::Continue;
        };
        let filter = self.world.http.get(id).and_then(|it| it.filters.get(index));
        let may_stop = filter.is_some_and(|filter| filter.may_stop_headers);
        let result = self.ask(
            id,
            index,
            Stage::Headers { may_stop },
            |traffic, vm, context| traffic.call_headers((vm, context), way, (count, end)),
        );
        if result == Answer::Continue {
            self.half_mut(id, way, index, |half| half.headers = false);
        }
        result
    }

    pub(in crate::host) fn filter_data(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        (source, end): (Source, bool),
    ) -> Answer {
        if self.is_passed_over(id, index) {
            return Answer::Continue;
        }
        let was_buffering = self.half(id, way, index, |half| half.buffering);
        if was_buffering {
            // The callback sees all that it holds (rule A2).
            if let Some(stream) = self.world.http.get_mut(id) {
                stream.flow(way).refuses = true;
            }
            self.hold(id, way, source);
            if self.is_passed_over(id, index) {
                return Answer::Stop;
            }
        }
        let size = self.show_body(id, way, index, (source, end));
        self.asks_for_body(id, way, index);
        let result = self.ask(id, index, Stage::Body, |traffic, vm, context| {
            let params = (context, size, u32::from(end));
            match way {
                Direction::Request => traffic.call(vm, context, |it| &it.request.body, params),
                Direction::Response => traffic.call(vm, context, |it| &it.response.body, params),
            }
        });
        if was_buffering && result == Answer::Continue {
            self.release_buffered(id, way, index);
        }
        self.half_mut(id, way, index, |half| {
            half.buffering = result == Answer::Buffer;
            if result == Answer::Continue {
                half.body = None;
            }
        });
        result
    }

    // Envoy itself asks for the body's size before the callback, which is what buffer 8 is then (rule U1): 0 is the
    // request's, 1 the response's.
    fn asks_for_body(&mut self, id: StreamId, way: Direction, index: usize) {
        let filter = self.world.http.get(id).and_then(|it| it.filters.get(index));
        let Some((vm, context)) = filter.and_then(|it| Some((it.vm?, it.context))) else {
            return;
        };
        if let Some(state) = self.state(vm) {
            state.last_buffers.insert(context, way as u32);
        }
    }

    // A filter that was continued from elsewhere still buffered this chunk; it goes on as one.
    fn release_buffered(&mut self, id: StreamId, way: Direction, index: usize) {
        if self.half(id, way, index, |half| half.iteration) == Iteration::Continue
            && let Some(stream) = self.world.http.get_mut(id)
        {
            let flow = stream.flow(way);
            flow.chunk = flow.buffered.take().unwrap_or_default();
        }
    }

    pub(in crate::host) fn filter_trailers(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
    ) -> Answer {
        if self.is_passed_over(id, index) {
            return Answer::Continue;
        }
        self.half_mut(id, way, index, |half| half.trailers = true);
        let count = self.trailer_count(id, way);
        let result = self.ask(
            id,
            index,
            Stage::Trailers,
            |traffic, vm, context| match way {
                Direction::Request => {
                    traffic.call(vm, context, |it| &it.request.trailers, (context, count))
                }
                Direction::Response => {
                    traffic.call(vm, context, |it| &it.response.trailers, (context, count))
                }
            },
        );
        if result == Answer::Continue {
            self.half_mut(id, way, index, |half| half.trailers = false);
        }
        result
    }

    /// Creates the filter's context in its VM, once (rule L6).
    pub(in crate::host) fn create_context(&mut self, id: StreamId, index: usize) {
        let Some((vm, context)) = self.filter_vm(id, index) else {
            return self.mark_created(id, index);
        };
        if self.is_created(id, index) {
            return;
        }
        let root = self.state(vm).map_or(0, |state| state.parent(context));
        // A failed VM hears nothing more (rule T1).
        let _: Result<_, VmFailed> =
            self.call(vm, context, |it| &it.context_create, (context, root));
        self.mark_created(id, index);
        self.run_after(vm);
    }

    // Calls into the filter's VM; a failed one answers for the stream (rule T1).
    fn ask(
        &mut self,
        id: StreamId,
        index: usize,
        stage: Stage,
        call: impl FnOnce(&mut Self, usize, u32) -> Result<Option<u32>, VmFailed>,
    ) -> Answer {
        let Some((vm, context)) = self.filter_vm(id, index) else {
            self.fail_stream(id, index);
            return stage.stopped();
        };
        let result = call(self, vm, context);
        let state = self.state(vm);
        let overruled = state.is_some_and(|state| std::mem::take(&mut state.stop_iteration));
        let answer = match result {
            // Nothing ran, so nothing is left to do after it.
            Ok(None) => return Answer::Continue,
            Ok(Some(_)) if overruled => stage.stopped(),
            Ok(Some(result)) => stage.answer(result),
            Err(VmFailed) => {
                self.fail_stream(id, index);
                stage.stopped()
            }
        };
        self.run_after_callback(vm, answer);
        answer
    }

    fn run_after_callback(&mut self, vm: usize, answer: Answer) {
        let twice = answer == Answer::Continue;
        if let Some(state) = self.state(vm)
            && twice
            && state.after.iter().any(resumes_held_headers)
        {
            self.forget_resume(vm);
        }
        self.run_after(vm);
    }

    // Continuing a stream that continues anyway sends its headers twice on Envoy: it is said and not done (rule R2).
    fn forget_resume(&mut self, vm: usize) {
        let Some(state) = self.state(vm) else {
            return;
        };
        let pending = std::mem::take(&mut state.after);
        let (twice, rest) = pending.into_iter().partition(|after| {
            matches!(after.action, Action::Continue(way) if self.world.http.get(after.stream).is_some_and(|stream| {
                !stream.half_ref(after.filter, way).is_some_and(|half| half.headers_continued)
            }))
        });
        let twice: std::collections::VecDeque<After> = twice;
        let Some(state) = self.state(vm) else {
            return;
        };
        state.after = rest;
        if !twice.is_empty() {
            state.refuse(
                "R2",
                "continue_stream in a headers callback that returned Continue; Envoy sends such a request twice",
            );
        }
    }

    /// Does what hostcalls have left to do, in order.
    pub(crate) fn run_after(&mut self, vm: usize) {
        while let Some(after) = self.state(vm).and_then(|state| state.after.pop_front()) {
            let After {
                stream,
                filter,
                action,
            } = after;
            match action {
                Action::Continue(way) => self.resume(stream, way, filter),
                Action::Reset => self.reset(stream, b"wasm_close_stream".to_vec()),
                Action::Reply(reply) => self.send_local_reply(stream, *reply),
                Action::CheckBuffer(way) => self.check_buffer(stream, way),
                Action::ContinueReading => self.continue_reading(stream, filter),
                Action::CloseConnection => self.close_connection(stream),
            }
        }
        self.run_unavailable(vm);
        if let Some(state) = self.state(vm) {
            for id in state.deleted.drain(..) {
                state.contexts.remove(&id);
                state.last_buffers.remove(&id);
            }
        }
    }

    // A filter whose VM has failed says so once (rule T1).
    fn fail_stream(&mut self, id: StreamId, index: usize) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let Some(filter) = stream.filters.get_mut(index) else {
            return;
        };
        if !std::mem::replace(&mut filter.failed, true) {
            self.send_local_reply(id, LocalReply::of_failed_vm());
        }
    }

    // --- what the callback may reach ---

    fn show_headers(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        end: bool,
    ) -> Option<u32> {
        let stream = self.world.http.get_mut(id)?;
        let filter = stream.filters.get_mut(index)?;
        // One that is gone still sees the headers of a reply that it made, as in Envoy.
        if !filter.created || filter.failed {
            return None;
        }
        filter.end_of_stream = end;
        filter.half(way).headers = true;
        let kind = match way {
            Direction::Request => MapType::RequestHeaders,
            Direction::Response => MapType::ResponseHeaders,
        };
        let count = stream.map(index, kind)?.len();
        Some(u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn show_body(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        (source, end): (Source, bool),
    ) -> u32 {
        let Some(stream) = self.world.http.get_mut(id) else {
            return 0;
        };
        if let Some(filter) = stream.filters.get_mut(index) {
            filter.end_of_stream = end;
            filter.half(way).body = Some(source);
        }
        let size = stream.body_mut(index, way).map_or(0, |body| body.len());
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    fn trailer_count(&self, id: StreamId, way: Direction) -> u32 {
        let stream = self.world.http.get(id);
        let count = stream.and_then(|stream| Some(stream.trailers(way)?.len()));
        u32::try_from(count.unwrap_or_default()).unwrap_or(u32::MAX)
    }

    // A filter that has no context, or whose VM's failure is what passes here, is not asked (rules L6, T1).
    fn is_passed_over(&self, id: StreamId, index: usize) -> bool {
        let filter = self
            .world
            .http
            .get(id)
            .and_then(|stream| stream.filters.get(index));
        filter.is_none_or(|filter| !filter.created || filter.failed || filter.destroyed)
    }

    fn is_created(&self, id: StreamId, index: usize) -> bool {
        let filter = self
            .world
            .http
            .get(id)
            .and_then(|stream| stream.filters.get(index));
        filter.is_some_and(|filter| filter.created)
    }

    fn mark_created(&mut self, id: StreamId, index: usize) {
        if let Some(stream) = self.world.http.get_mut(id)
            && let Some(filter) = stream.filters.get_mut(index)
        {
            filter.created = true;
        }
    }

    pub(in crate::host) fn filter_vm(&self, id: StreamId, index: usize) -> Option<(usize, u32)> {
        let filter = self.world.http.get(id)?.filters.get(index)?;
        Some((filter.vm?, filter.context))
    }

    pub(in crate::host) fn half<T: Default>(
        &self,
        id: StreamId,
        way: Direction,
        index: usize,
        ask: impl FnOnce(&Half) -> T,
    ) -> T {
        let stream = self.world.http.get(id);
        stream
            .and_then(|stream| stream.half_ref(index, way))
            .map(ask)
            .unwrap_or_default()
    }

    pub(in crate::host) fn half_mut(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        change: impl FnOnce(&mut Half),
    ) {
        if let Some(stream) = self.world.http.get_mut(id)
            && let Some(half) = stream.half(index, way)
        {
            change(half);
        }
    }
}

fn resumes_held_headers(after: &After) -> bool {
    matches!(after.action, Action::Continue(_))
}

// === impl Stage ===

impl Stage {
    fn answer(self, result: u32) -> Answer {
        match (self, result) {
            // 2 on headers means Continue (rule A1).
            (_, 0) | (Self::Headers { .. }, 2) => Answer::Continue,
            (Self::Headers { may_stop: true }, 1) | (Self::Trailers, _) => Answer::Stop,
            (Self::Headers { .. }, 3) => Answer::StopAllBuffer,
            (Self::Headers { .. }, _) => Answer::StopAllWatermark,
            (Self::Body, 1) => Answer::Buffer,
            (Self::Body, 2) => Answer::Watermark,
            (Self::Body, _) => Answer::Stop,
        }
    }

    // After a local reply, or a failure (rule A4).
    fn stopped(self) -> Answer {
        match self {
            Self::Headers { .. } => Answer::StopAllWatermark,
            Self::Body | Self::Trailers => Answer::Stop,
        }
    }
}
