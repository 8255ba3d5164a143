//! The end of a connection: every filter hears of it and forgets it, in order, and the upstream is let go (rule L9).

use crate::host::effect::TcpEffect;
use crate::host::tcp::{CloseType, Ending, State};
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

impl Traffic<'_> {
    /// What `close_stream` does, and a failed VM: closed when all that was written before is sent.
    pub(in crate::host) fn close_connection(&mut self, id: StreamId) {
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        if connection.downstream.unwritten == 0 {
            self.close_socket(id, CloseType::Local, Ending::Now);
        } else {
            connection.state = State::Closing;
        }
    }

    /// Closes the client's connection, once. What the proxy closes itself it closes towards the upstream at once; what the
    /// client closed is sent to the end.
    pub(super) fn close_socket(&mut self, id: StreamId, by: CloseType, ending: Ending) {
        let Some(connection) = self.world.tcp.get_mut(id) else {
            return;
        };
        if std::mem::replace(&mut connection.state, State::Closed) == State::Closed {
            return;
        }
        let filters = connection.filters.len();
        (0..filters).for_each(|index| self.filter_closed(id, index, by));
        (0..filters).for_each(|index| self.release(id, index));
        self.tcp_effect(id, TcpEffect::Close(ending));
    }

    // A filter whose turn never came has no context to hear of it.
    fn filter_closed(&mut self, id: StreamId, index: usize, by: CloseType) {
        if !self
            .tcp_filter(id, index)
            .is_some_and(|filter| filter.created)
        {
            return;
        }
        self.tell_network(id, index, |traffic, vm, context| {
            let params = (context, by.to_wire());
            traffic.call(vm, context, |it| &it.network.downstream_close, params)
        });
        self.tell_network(id, index, |traffic, vm, context| {
            traffic.call(vm, context, |it| &it.done, context)
        });
        self.tell_network(id, index, |traffic, vm, context| {
            traffic.call(vm, context, |it| &it.log, context)
        });
        self.tell_network(id, index, |traffic, vm, context| {
            traffic.call(vm, context, |it| &it.delete, context)
        });
    }

    fn release(&mut self, id: StreamId, index: usize) {
        if let Some((vm, context)) = self.tcp_filter_vm(id, index)
            && let Some(state) = self.state(vm)
        {
            state.contexts.remove(&context);
            state.last_buffers.remove(&context);
        }
    }
}
