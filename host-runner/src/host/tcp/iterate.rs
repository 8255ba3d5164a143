//! How bytes pass from filter to filter: Envoy's network filter manager. Read filters run in order, write filters, which
//! are the same ones, in reverse.

use crate::host::effect::TcpEffect;
use crate::host::tcp::{CloseType, Ending, Peer, Proxy};
use crate::host::traffic::Traffic;
use crate::host::world::StreamId;

/// What a network filter answers: there is nothing between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Continue,
    Stop,
}

impl Traffic<'_> {
    /// Passes a new connection, and the bytes that wait on it, to the filters from an index on and to the TCP proxy.
    ///
    /// What a filter stops at stays in the connection's buffer, and is seen again, with what has come since.
    pub(super) fn pass_on_read(&mut self, id: StreamId, from: usize) {
        let mut index = from;
        while let Some(connection) = self.open_connection(id) {
            let Some(filter) = connection.filters.get(index) else {
                return self.proxy_read(id);
            };
            if !filter.created && self.filter_new_connection(id, index) == Answer::Stop {
                return;
            }
            if self.has_read(id) && self.network_data(id, Peer::Downstream, index) == Answer::Stop {
                return;
            }
            index += 1;
        }
    }

    /// Passes what the upstream has sent to the filters, and on to the client. Nothing resumes this direction but the
    /// next bytes: `continue_stream(3)` is unimplemented in Envoy.
    pub(super) fn pass_on_write(&mut self, id: StreamId) {
        let filters = self.open_connection(id).map_or(0, |it| it.filters.len());
        for index in (0..filters).rev() {
            let open = self.open_connection(id).is_some();
            if !open || self.network_data(id, Peer::Upstream, index) == Answer::Stop {
                return;
            }
        }
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        let bytes = std::mem::take(&mut connection.upstream.received);
        connection.info.sent += bytes.len() as u64;
        let end = connection.upstream.read_end;
        self.write(id, Peer::Downstream, bytes, end);
    }

    /// What `continue_stream(2)` does: the filters after this one go on (rule R1).
    pub(in crate::host) fn continue_reading(&mut self, id: StreamId, index: usize) {
        self.pass_on_read(id, index + 1);
        self.check_limit(id, Peer::Downstream);
    }

    // Connects when the connection has passed every filter, and sends what has passed them from then on.
    fn proxy_read(&mut self, id: StreamId) {
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        match connection.proxy {
            Proxy::Idle => {
                connection.proxy = Proxy::Connecting;
                match connection.chain.cluster(0) {
                    Some(cluster) => self.tcp_effect(id, TcpEffect::Connect { cluster }),
                    None => self.close_socket(id, CloseType::Local, Ending::Now),
                }
            }
            Proxy::Connected => {
                let bytes = std::mem::take(&mut connection.downstream.received);
                let end = connection.downstream.read_end;
                self.write(id, Peer::Upstream, bytes, end);
            }
            Proxy::Connecting | Proxy::Gone => {}
        }
    }

    // Nothing follows an end: a filter that continues twice ends the stream once.
    fn write(&mut self, id: StreamId, to: Peer, bytes: Vec<u8>, end: bool) {
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        let socket = connection.socket(to);
        if socket.write_end || (bytes.is_empty() && !end) {
            return;
        }
        socket.write_end = end;
        socket.unwritten += 1;
        self.tcp_effect(id, TcpEffect::Write { to, bytes, end });
    }

    fn has_read(&mut self, id: StreamId) -> bool {
        self.open_connection(id).is_some_and(|connection| {
            connection.downstream.read_end || !connection.downstream.received.is_empty()
        })
    }
}
