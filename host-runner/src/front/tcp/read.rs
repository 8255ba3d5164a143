//! Reading a socket as Envoy does: until it has no more for now, or as much as the connection may hold.

use std::io::ErrorKind;
use std::sync::Arc;

use tokio::net::tcp::OwnedReadHalf;

use super::super::driver::Driver;
use super::super::gate::Gate;
use super::idle::Activity;
use crate::host::tcp::Peer;
use crate::host::world::StreamId;

/// How much Envoy's plaintext transport socket reads at once, before it looks at the limit.
const SLICE: usize = 16 * 1024;

/// Reads one socket of a connection.
pub(super) struct Reader {
    pub(super) driver: Arc<Driver>,
    pub(super) id: StreamId,
    pub(super) peer: Peer,
    pub(super) half: OwnedReadHalf,
    /// Shut while no more is to be read.
    pub(super) gate: Arc<Gate>,
    pub(super) activity: Arc<Activity>,
}

/// How a burst of reading ended.
enum Burst {
    Open,
    End,
    Broken,
}

// === impl Reader ===

impl Reader {
    /// Reads to the end.
    pub(super) async fn run(self: Box<Self>) {
        let (id, peer) = (self.id, self.peer);
        let limit = self.driver.tell(|worker| worker.tcp_read_limit(id));
        let mut bytes = Vec::new();
        loop {
            self.gate.open().await;
            if self.half.readable().await.is_err() {
                return self.driver.tell(|worker| worker.tcp_reset(id, peer));
            }
            bytes.clear();
            let burst = self.burst(&mut bytes, limit);
            self.activity.seen();
            let end = matches!(burst, Burst::End);
            if end || !bytes.is_empty() {
                let arrived = &bytes;
                self.driver
                    .tell(|worker| worker.tcp_arrived(id, peer, arrived, end));
            }
            match burst {
                Burst::Open => {}
                Burst::End => return,
                Burst::Broken => return self.driver.tell(|worker| worker.tcp_reset(id, peer)),
            }
        }
    }

    fn burst(&self, bytes: &mut Vec<u8>, limit: usize) -> Burst {
        let mut slice = [0; SLICE];
        while bytes.len() < limit {
            match self.half.try_read(&mut slice) {
                Ok(0) => return Burst::End,
                Ok(size) => bytes.extend_from_slice(slice.get(..size).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Burst::Open,
                Err(_) => return Burst::Broken,
            }
        }
        Burst::Open
    }
}
