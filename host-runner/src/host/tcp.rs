//! One TCP connection: what of it waits to be passed on, and where each network filter of its chain stands with it.
//!
//! The fields mirror those of Envoy's connections, of its network filter manager and of its Wasm context (section 2.14).

mod close;
mod events;
mod filter;
mod iterate;
mod properties;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::host::chain::Chain;
use crate::host::stream::{Connection, ResponseFlags, UpstreamInfo};
use crate::host::vm_state::Context;
use crate::host::worker::Placed;

pub(crate) use properties::property;

/// The state of one connection, and of the one to its upstream.
#[derive(Debug)]
pub(crate) struct TcpConnection {
    pub(crate) chain: Arc<Chain>,
    pub(crate) info: TcpInfo,
    filters: Vec<TcpFilter>,
    state: State,
    downstream: Socket,
    upstream: Socket,
    proxy: Proxy,
}

/// What is known of a connection beside its bytes.
#[derive(Debug)]
pub(crate) struct TcpInfo {
    pub(crate) ends: Connection,
    pub(crate) started: SystemTime,
    /// Index of the cluster in the chain, and the host there, once it is connected to.
    pub(crate) upstream: Option<(usize, UpstreamInfo)>,
    pub(crate) flags: ResponseFlags,
    /// Bytes from the client, and to it.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// Filter state: what `set_property` wrote, by whole path (rule P2).
    pub(crate) state: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// The two peers of a proxied connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    Downstream,
    Upstream,
}

/// How a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// When all that waits has been sent.
    Flushed,
    /// At once, with what the socket still takes.
    Now,
    /// With a reset.
    Reset,
}

/// Who closed the client's connection, as `proxy_on_downstream_connection_close` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CloseType {
    Local,
    Remote,
}

/// The client's connection as Envoy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// What was written is still being sent; nothing else passes.
    Closing,
    Closed,
}

/// One of the two sockets.
#[derive(Debug, Default)]
struct Socket {
    /// Bytes that were read and have not passed all filters.
    received: Vec<u8>,
    /// Whether the peer has sent all.
    read_end: bool,
    /// Whether the end was written, or waits to be.
    write_end: bool,
    /// Writes that are not done.
    unwritten: usize,
    /// Whether reading has stopped because too much waits here.
    over_limit: bool,
}

/// The TCP proxy, which is the last read filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proxy {
    Idle,
    Connecting,
    Connected,
    Gone,
}

/// One network filter and its context.
#[derive(Debug)]
struct TcpFilter {
    /// Index of its VM on its worker; none when the VM had failed already and the plugin fails closed (rule T3).
    vm: Option<usize>,
    context: u32,
    /// Whether `proxy_on_new_connection` was due: before it, there is no context in the VM.
    created: bool,
    /// Which buffers the context can reach: a data callback hands one out, Continue takes it away.
    reaches_downstream: bool,
    reaches_upstream: bool,
    /// Whether its VM's failure has closed the connection.
    failed: bool,
}

// === impl TcpConnection ===

impl TcpConnection {
    fn new(chain: Arc<Chain>, ends: Connection, started: SystemTime) -> Self {
        Self {
            chain,
            info: TcpInfo {
                ends,
                started,
                upstream: None,
                flags: ResponseFlags::default(),
                received: 0,
                sent: 0,
                state: BTreeMap::new(),
            },
            filters: Vec::new(),
            state: State::Open,
            downstream: Socket::default(),
            upstream: Socket::default(),
            proxy: Proxy::Idle,
        }
    }

    /// The bytes that a filter can reach in one direction: all that wait, as they lie in the connection's own buffer.
    pub(crate) fn buffer_mut(&mut self, index: usize, from: Peer) -> Option<&mut Vec<u8>> {
        let filter = self.filters.get_mut(index)?;
        let reaches = *filter.reaches(from);
        reaches.then_some(&mut self.socket(from).received)
    }

    fn socket(&mut self, peer: Peer) -> &mut Socket {
        match peer {
            Peer::Downstream => &mut self.downstream,
            Peer::Upstream => &mut self.upstream,
        }
    }

    fn is_open(&self) -> bool {
        self.state == State::Open
    }
}

// === impl Socket ===

impl Socket {
    fn is_half_closed_twice(&self) -> bool {
        self.read_end && self.write_end && self.unwritten == 0
    }
}

// === impl TcpFilter ===

impl TcpFilter {
    fn new(placed: &Placed) -> Self {
        Self {
            vm: placed.vm,
            context: placed.context,
            created: false,
            reaches_downstream: false,
            reaches_upstream: false,
            failed: false,
        }
    }

    fn reaches(&mut self, from: Peer) -> &mut bool {
        match from {
            Peer::Downstream => &mut self.reaches_downstream,
            Peer::Upstream => &mut self.reaches_upstream,
        }
    }
}

// === impl CloseType ===

impl CloseType {
    fn to_wire(self) -> u32 {
        match self {
            Self::Local => 1,
            Self::Remote => 2,
        }
    }
}

/// A network filter's context in its VM.
fn context(stream: crate::host::world::StreamId, filter: usize, root: usize) -> Context {
    Context::Tcp {
        stream,
        filter,
        root,
    }
}

#[cfg(test)]
mod tests;
