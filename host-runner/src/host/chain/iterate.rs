//! How messages pass from filter to filter: Envoy's filter manager, for both directions (rules A1 to A5, L10).

use crate::host::chain::filter::Answer;
use crate::host::stream::{Direction, Iteration, Source, Stream};
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

impl Traffic<'_> {
    /// Passes headers to the filters from a position on, and out at the end.
    pub(in crate::host) fn headers(
        &mut self,
        id: StreamId,
        way: Direction,
        from: usize,
        end: bool,
    ) {
        let mut position = from;
        while let Some(index) = self.index(id, way, position) {
            let answer = self.in_callback(id, way, |worker| {
                worker.mark_ended(id, way, index, end);
                worker.filter_headers(id, way, index, end)
            });
            if !self.after_headers(id, way, index, answer) {
                return;
            }
            position += 1;
        }
        match way {
            // The router is a filter like any other.
            Direction::Request => {
                self.set_in_callback(id, way, true);
                self.route(id, end);
                self.set_in_callback(id, way, false);
                self.send_prepared_reply(id);
            }
            Direction::Response => self.send_headers(id, end),
        }
    }

    /// Passes body bytes on, from a position.
    pub(in crate::host) fn data(
        &mut self,
        id: StreamId,
        way: Direction,
        from: usize,
        (source, mut end): (Source, bool),
    ) {
        if self.is_dropped(id, way) {
            return;
        }
        let had_trailers = self.has_trailers(id, way);
        let mut trailers_from = None;
        let mut position = from;
        while let Some(index) = self.index(id, way, position) {
            if self.held_while_stopped(id, way, index, source) || self.has_ended(id, way, index) {
                return;
            }
            let last = end && !self.has_trailers(id, way);
            let answer = self.in_callback(id, way, |worker| {
                worker.mark_ended(id, way, index, last);
                worker.filter_data(id, way, index, (source, last))
            });
            if self.is_over(id, way) {
                return;
            }
            if !had_trailers && trailers_from.is_none() && self.has_trailers(id, way) {
                end = false;
                trailers_from = Some(index);
            }
            if !self.after_data(id, way, index, (source, answer)) {
                return self.new_trailers(
                    id,
                    way,
                    trailers_from.filter(|_| way == Direction::Request),
                );
            }
            position += 1;
        }
        self.send_data(id, way, source, end);
        self.new_trailers(id, way, trailers_from);
    }

    /// Passes trailers on, from a position.
    pub(in crate::host) fn trailers(&mut self, id: StreamId, way: Direction, from: usize) {
        if self.is_dropped(id, way) {
            return;
        }
        let mut position = from;
        while let Some(index) = self.index(id, way, position) {
            if self.half(id, way, index, |half| half.iteration.stopped_all()) {
                return;
            }
            self.mark_ended(id, way, index, true);
            let answer = self.in_callback(id, way, |worker| worker.filter_trailers(id, way, index));
            if !self.after_trailers(id, way, index, answer) {
                return;
            }
            position += 1;
        }
        self.send_trailers(id, way);
    }

    /// Lets a stopped filter's messages go on to the next one (`commonContinue`).
    pub(in crate::host) fn resume(&mut self, id: StreamId, way: Direction, index: usize) {
        let Some(stream) = self
            .world
            .http
            .get_mut(id)
            .filter(|stream| !stream.finished)
            .filter(|stream| way == Direction::Response || !stream.is_over(way))
        else {
            return;
        };
        let Some(half) = stream.half(index, way) else {
            return;
        };
        // Not unset: within a resumption that began here it is still so.
        half.from_current |= half.iteration.stopped_all();
        half.iteration = Iteration::Continue;
        if !std::mem::replace(&mut half.headers_continued, true) {
            let end = self.is_complete(id, way) && !self.is_buffered(id, way);
            let end = end && !self.has_trailers(id, way);
            self.headers(id, way, self.position_after(id, way, index), end);
        }
        let had_trailers = self.has_trailers(id, way);
        if self.is_buffered(id, way) {
            let end = self.is_complete(id, way) && !had_trailers;
            let here = self.resume_position(id, way, index);
            self.data(id, way, here, (Source::Buffered, end));
        }
        if had_trailers {
            self.trailers(id, way, self.resume_position(id, way, index));
        }
        if let Some(stream) = self.world.http.get_mut(id)
            && let Some(half) = stream.half(index, way)
        {
            half.from_current = false;
        }
    }

    // --- what an answer does ---

    fn after_headers(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        answer: Answer,
    ) -> bool {
        if self.is_over(id, way) {
            return false;
        }
        self.half_mut(id, way, index, |half| match answer {
            Answer::Continue => half.headers_continued = true,
            Answer::StopAllBuffer => half.iteration = Iteration::StopAllBuffer,
            Answer::StopAllWatermark => half.iteration = Iteration::StopAllWatermark,
            _ => half.iteration = Iteration::StopSingle,
        });
        answer == Answer::Continue
    }

    fn after_data(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        (source, answer): (Source, Answer),
    ) -> bool {
        let stopped = self.half(id, way, index, |half| half.iteration != Iteration::Continue);
        match answer {
            Answer::Continue if !stopped => return true,
            Answer::Continue => {
                self.hold(id, way, source);
                self.resume(id, way, index);
            }
            answer => {
                self.half_mut(id, way, index, |half| {
                    half.iteration = Iteration::StopSingle;
                });
                self.keep(id, way, source, answer);
            }
        }
        false
    }

    fn keep(&mut self, id: StreamId, way: Direction, source: Source, answer: Answer) {
        if matches!(answer, Answer::Buffer | Answer::Watermark) {
            if let Some(stream) = self.world.http.get_mut(id) {
                stream.flow(way).refuses = answer == Answer::Buffer;
            }
            return self.hold(id, way, source);
        }
        // What is not kept is dropped (rule A2), but a stream that has ended still needs a last frame to resume with.
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let ended = observed_end(stream, way) && stream.trailers(way).is_none();
        let flow = stream.flow(way);
        if source == Source::Chunk {
            flow.chunk.clear();
        }
        if ended && flow.buffered.is_none() {
            flow.buffered = Some(Vec::new());
        }
    }

    fn after_trailers(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        answer: Answer,
    ) -> bool {
        if self.is_over(id, way) {
            return false;
        }
        let stopped = self.half(id, way, index, |half| half.iteration != Iteration::Continue);
        match answer {
            Answer::Continue if !stopped => true,
            Answer::Continue => {
                self.resume(id, way, index);
                false
            }
            _ => {
                if !stopped {
                    self.half_mut(id, way, index, |half| {
                        half.iteration = Iteration::StopSingle;
                    });
                }
                false
            }
        }
    }

    // Trailers that a filter made in its last body callback go to the filters after it (rule H14).
    fn new_trailers(&mut self, id: StreamId, way: Direction, from: Option<usize>) {
        if let Some(index) = from {
            self.trailers(id, way, self.resume_position(id, way, index));
        }
    }

    // --- buffering ---

    /// Moves the chunk to the bytes that are held; what is held already stays where it is.
    pub(in crate::host) fn hold(&mut self, id: StreamId, way: Direction, source: Source) {
        let Some(stream) = self.world.http.get_mut(id) else {
            return;
        };
        let flow = stream.flow(way);
        if source == Source::Chunk {
            let chunk = std::mem::take(&mut flow.chunk);
            flow.buffered.get_or_insert_default().extend(chunk);
        }
        self.check_buffer(id, way);
    }

    fn held_while_stopped(
        &mut self,
        id: StreamId,
        way: Direction,
        index: usize,
        source: Source,
    ) -> bool {
        let iteration = self.half(id, way, index, |half| half.iteration);
        if !iteration.stopped_all() {
            return false;
        }
        if let Some(stream) = self.world.http.get_mut(id) {
            stream.flow(way).refuses = iteration == Iteration::StopAllBuffer;
        }
        self.hold(id, way, source);
        true
    }

    // --- small questions ---

    fn in_callback(
        &mut self,
        id: StreamId,
        way: Direction,
        call: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        self.set_in_callback(id, way, true);
        let answer = call(self);
        self.set_in_callback(id, way, false);
        if way == Direction::Request {
            self.send_prepared_reply(id);
        }
        answer
    }

    fn set_in_callback(&mut self, id: StreamId, way: Direction, running: bool) {
        if let Some(stream) = self.world.http.get_mut(id) {
            stream.flow(way).in_callback = running;
        }
    }

    // Whether nothing more may pass in that direction.
    fn is_over(&self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get(id);
        stream.is_none_or(|stream| {
            stream.finished
                || match way {
                    Direction::Request => stream.request.aborted,
                    Direction::Response => stream.response.aborted,
                }
        })
    }

    // What is left of a request is of no interest once its response has come to its end.
    fn is_dropped(&self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get(id);
        way == Direction::Request && stream.is_none_or(|stream| stream.is_over(way))
    }

    fn index(&self, id: StreamId, way: Direction, position: usize) -> Option<usize> {
        self.world.http.get(id)?.index(way, position)
    }

    fn position_after(&self, id: StreamId, way: Direction, index: usize) -> usize {
        self.index(id, way, index)
            .map_or(usize::MAX, |position| position + 1)
    }

    // A filter that stopped everything has not seen body and trailers yet.
    fn resume_position(&self, id: StreamId, way: Direction, index: usize) -> usize {
        let seen = usize::from(!self.half(id, way, index, |half| half.from_current));
        self.index(id, way, index)
            .map_or(usize::MAX, |position| position + seen)
    }

    fn has_trailers(&self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get(id);
        stream.is_some_and(|stream| stream.trailers(way).is_some())
    }

    fn is_complete(&self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get(id);
        stream.is_some_and(|stream| observed_end(stream, way))
    }

    fn is_buffered(&mut self, id: StreamId, way: Direction) -> bool {
        let stream = self.world.http.get_mut(id);
        stream.is_some_and(|stream| stream.flow(way).buffered.is_some())
    }

    fn has_ended(&self, id: StreamId, way: Direction, index: usize) -> bool {
        self.half(id, way, index, |half| half.ended)
    }

    fn mark_ended(&mut self, id: StreamId, way: Direction, index: usize, ended: bool) {
        self.half_mut(id, way, index, |half| half.ended = ended);
    }
}

fn observed_end(stream: &Stream, way: Direction) -> bool {
    match way {
        Direction::Request => stream.request.complete,
        Direction::Response => stream.response.complete,
    }
}
