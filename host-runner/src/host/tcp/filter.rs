//! One network filter of a connection: its callbacks, and what their results mean (Envoy's Wasm context).

use crate::host::tcp::iterate::Answer;
use crate::host::tcp::{Peer, TcpFilter};
use crate::host::traffic::Traffic;
use crate::host::vm::VmFailed;
use crate::host::world::StreamId;

/// The upstream is not watched, only the end of what it sends; so nobody knows who closed it.
const CLOSE_TYPE_UNKNOWN: u32 = 0;

impl Traffic<'_> {
    pub(super) fn filter_new_connection(&mut self, id: StreamId, index: usize) -> Answer {
        self.create_tcp_context(id, index);
        let answer = self.ask_network(id, index, |traffic, vm, context| {
            traffic.call(vm, context, |it| &it.network.connect, context)
        });
        self.answer_if_open(id, answer)
    }

    /// A data callback, and the upstream's close, which Envoy takes the end of its data for.
    pub(super) fn network_data(&mut self, id: StreamId, from: Peer, index: usize) -> Answer {
        let Some((size, end)) = self.show(id, from, index) else {
            return Answer::Continue;
        };
        let answer = self.ask_network(id, index, |traffic, vm, context| {
            let params = (context, size, u32::from(end));
            match from {
                Peer::Downstream => {
                    traffic.call(vm, context, |it| &it.network.downstream_data, params)
                }
                Peer::Upstream => traffic.call(vm, context, |it| &it.network.upstream_data, params),
            }
        });
        if answer == Answer::Continue {
            self.set_tcp_filter(id, index, |filter| *filter.reaches(from) = false);
        }
        if end && from == Peer::Upstream {
            self.tell_network(id, index, |traffic, vm, context| {
                let params = (context, CLOSE_TYPE_UNKNOWN);
                traffic.call(vm, context, |it| &it.network.upstream_close, params)
            });
        }
        self.answer_if_open(id, answer)
    }

    /// Calls a callback whose result means nothing. A failed VM hears nothing more (rule T1).
    pub(super) fn tell_network<T>(
        &mut self,
        id: StreamId,
        index: usize,
        call: impl FnOnce(&mut Self, usize, u32) -> Result<T, VmFailed>,
    ) {
        let Some((vm, context)) = self.tcp_filter_vm(id, index) else {
            return;
        };
        let _: Result<T, VmFailed> = call(self, vm, context);
        self.run_after(vm);
    }

    pub(super) fn tcp_filter(&self, id: StreamId, index: usize) -> Option<&TcpFilter> {
        self.world.tcp.get(id)?.filters.get(index)
    }

    pub(super) fn tcp_filter_vm(&self, id: StreamId, index: usize) -> Option<(usize, u32)> {
        let filter = self.tcp_filter(id, index)?;
        Some((filter.vm?, filter.context))
    }

    pub(super) fn set_tcp_filter(
        &mut self,
        id: StreamId,
        index: usize,
        change: impl FnOnce(&mut TcpFilter),
    ) {
        let connection = self.world.tcp.get_mut(id);
        if let Some(filter) = connection.and_then(|it| it.filters.get_mut(index)) {
            change(filter);
        }
    }

    fn create_tcp_context(&mut self, id: StreamId, index: usize) {
        self.set_tcp_filter(id, index, |filter| filter.created = true);
        self.tell_network(id, index, |traffic, vm, context| {
            let parent = traffic.state(vm).map_or(0, |state| state.parent(context));
            traffic.call(vm, context, |it| &it.context_create, (context, parent))
        });
    }

    // Calls into the filter's VM; a failed one closes the connection (rules T1, T3).
    fn ask_network(
        &mut self,
        id: StreamId,
        index: usize,
        call: impl FnOnce(&mut Self, usize, u32) -> Result<Option<u32>, VmFailed>,
    ) -> Answer {
        let Some((vm, context)) = self.tcp_filter_vm(id, index) else {
            self.fail_connection(id, index);
            return Answer::Stop;
        };
        let result = call(self, vm, context);
        // A local reply means nothing to a network filter, nor does it stop the iteration (rule Y8).
        if let Some(state) = self.state(vm) {
            state.stop_iteration = false;
        }
        if result.is_err() {
            self.fail_connection(id, index);
        }
        self.run_after(vm);
        match result {
            Ok(None | Some(0)) => Answer::Continue,
            Ok(Some(_)) | Err(VmFailed) => Answer::Stop,
        }
    }

    fn fail_connection(&mut self, id: StreamId, index: usize) {
        let mut failed_before = true;
        self.set_tcp_filter(id, index, |filter| {
            failed_before = std::mem::replace(&mut filter.failed, true);
        });
        if !failed_before {
            self.close_connection(id);
        }
    }

    // What the callback may reach from now on, how much that is, and whether it ends; none without a context.
    fn show(&mut self, id: StreamId, from: Peer, index: usize) -> Option<(u32, bool)> {
        let connection = self.world.tcp.get_mut(id)?;
        let filter = connection.filters.get_mut(index)?;
        if !filter.created {
            return None;
        }
        *filter.reaches(from) = true;
        let socket = connection.socket(from);
        let size = u32::try_from(socket.received.len()).unwrap_or(u32::MAX);
        Some((size, socket.read_end))
    }

    // A connection that was closed meanwhile goes no further, whatever the filter said.
    fn answer_if_open(&mut self, id: StreamId, answer: Answer) -> Answer {
        match self.open_connection(id) {
            Some(_) => answer,
            None => Answer::Stop,
        }
    }
}
