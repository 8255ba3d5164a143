//! What a driver tells a worker about a connection: what arrived, what was written, and who has gone.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::host::chain::Chain;
use crate::host::effect::{Effect, TcpEffect};
use crate::host::stream::{Connection, ResponseFlags, UpstreamInfo};
use crate::host::tcp::{CloseType, Ending, Peer, Proxy, State, TcpConnection, TcpFilter, context};
use crate::host::traffic::Traffic;
use crate::host::worker::Worker;
use crate::host::world::StreamId;

// === impl Worker ===

impl Worker {
    /// A client has connected. Nothing is read from it before the upstream is connected: Envoy's TCP proxy disables
    /// reading from the start.
    pub(crate) fn tcp_open(&mut self, chain: &Arc<Chain>, ends: Connection) -> StreamId {
        let started = self.shared.clock.now();
        let connection = TcpConnection::new(Arc::clone(chain), ends, started);
        let id = self.world.tcp.insert(connection);
        let filters = self.new_filters(
            chain,
            |filter, root| context(id, filter, root),
            |placed| TcpFilter::new(&placed),
        );
        if let Some(connection) = self.world.tcp.get_mut(id) {
            connection.filters = filters;
        }
        self.pass_on_read(id, 0);
        id
    }
}

// === impl Traffic ===

impl Traffic<'_> {
    /// Where the cluster of that index in the connection's chain is.
    pub(crate) fn tcp_upstream(&self, id: StreamId, cluster: usize) -> Option<SocketAddr> {
        let chain = &self.world.tcp.get(id)?.chain;
        chain.clusters.get(cluster).map(|cluster| cluster.address)
    }

    /// The upstream is connected.
    pub(crate) fn tcp_connected(&mut self, id: StreamId, upstream: UpstreamInfo) {
        if let Some(connection) = self.open_connection(id) {
            connection.proxy = Proxy::Connected;
            let cluster = connection.chain.cluster(0).unwrap_or_default();
            connection.info.upstream = Some((cluster, upstream));
        }
    }

    /// The upstream cannot be connected to.
    pub(crate) fn tcp_not_connected(&mut self, id: StreamId) {
        self.tcp_flag(id, ResponseFlags::UPSTREAM_CONNECTION_FAILURE);
        self.close_socket(id, CloseType::Local, Ending::Now);
    }

    /// Bytes have been read, or the end of them.
    pub(crate) fn tcp_arrived(&mut self, id: StreamId, from: Peer, bytes: &[u8], end: bool) {
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        if from == Peer::Downstream {
            connection.info.received += bytes.len() as u64;
        }
        let socket = connection.socket(from);
        socket.received.extend_from_slice(bytes);
        socket.read_end |= end;
        match from {
            Peer::Downstream => self.pass_on_read(id, 0),
            Peer::Upstream => self.pass_on_write(id),
        }
        self.check_limit(id, from);
        self.close_if_half_closed_twice(id, from, CloseType::Remote);
    }

    /// One write is done.
    pub(crate) fn tcp_written(&mut self, id: StreamId, to: Peer) {
        let Some(connection) = self.world.tcp.get_mut(id) else {
            return;
        };
        let socket = connection.socket(to);
        socket.unwritten = socket.unwritten.saturating_sub(1);
        let flushed = to == Peer::Downstream && socket.unwritten == 0;
        if flushed && connection.state == State::Closing {
            return self.close_socket(id, CloseType::Local, Ending::Now);
        }
        self.close_if_half_closed_twice(id, to, CloseType::Local);
    }

    /// A peer has broken off; its reset is passed on to the other one.
    pub(crate) fn tcp_reset(&mut self, id: StreamId, peer: Peer) {
        match peer {
            Peer::Downstream => self.close_socket(id, CloseType::Remote, Ending::Reset),
            Peer::Upstream => {
                self.upstream_gone(id);
                self.tcp_flag(id, ResponseFlags::UPSTREAM_REMOTE_RESET);
                self.close_socket(id, CloseType::Local, Ending::Reset);
            }
        }
    }

    /// Nothing has passed for too long.
    pub(crate) fn tcp_idle(&mut self, id: StreamId) {
        self.close_socket(id, CloseType::Local, Ending::Now);
    }

    /// How much may be read from a peer at once.
    pub(crate) fn tcp_read_limit(&self, id: StreamId) -> usize {
        let connection = self.world.tcp.get(id);
        match connection.map_or(0, |connection| connection.chain.buffer_limit) {
            0 => usize::MAX,
            limit => limit,
        }
    }

    /// The driver is done with a closed connection.
    pub(crate) fn tcp_forget(&mut self, id: StreamId) {
        self.world.tcp.remove(id);
    }

    pub(super) fn open_connection(&mut self, id: StreamId) -> Option<&mut TcpConnection> {
        self.world.tcp.get_mut(id).filter(|it| it.is_open())
    }

    // Above the limit reading stops, until half of it is left (`per_connection_buffer_limit_bytes`).
    pub(super) fn check_limit(&mut self, id: StreamId, from: Peer) {
        let Some(connection) = self.open_connection(id) else {
            return;
        };
        let limit = connection.chain.buffer_limit;
        let socket = connection.socket(from);
        let threshold = if socket.over_limit { limit / 2 } else { limit };
        let over = limit > 0 && socket.received.len() > threshold;
        if std::mem::replace(&mut socket.over_limit, over) != over {
            self.tcp_effect(id, TcpEffect::Read(from, !over));
        }
    }

    // A socket whose both directions have ended is closed; the upstream's takes the client's with it.
    fn close_if_half_closed_twice(&mut self, id: StreamId, peer: Peer, by: CloseType) {
        let Some(connection) = self.world.tcp.get_mut(id) else {
            return;
        };
        if !connection.socket(peer).is_half_closed_twice() {
            return;
        }
        match peer {
            Peer::Downstream => {
                let ending = match by {
                    CloseType::Local => Ending::Now,
                    CloseType::Remote => Ending::Flushed,
                };
                self.close_socket(id, by, ending);
            }
            Peer::Upstream => {
                self.upstream_gone(id);
                self.close_connection(id);
            }
        }
    }

    fn upstream_gone(&mut self, id: StreamId) {
        if let Some(connection) = self.world.tcp.get_mut(id) {
            connection.proxy = Proxy::Gone;
        }
    }

    fn tcp_flag(&mut self, id: StreamId, flag: ResponseFlags) {
        if let Some(connection) = self.world.tcp.get_mut(id) {
            connection.info.flags.insert(flag);
        }
    }

    pub(super) fn tcp_effect(&mut self, id: StreamId, effect: TcpEffect) {
        self.world.effects.push_back(Effect::Tcp(id, effect));
    }
}
