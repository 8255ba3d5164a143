//! Writing a socket: in order, without holding up anyone, and ended in the way that its connection ends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::AsyncWrite as _;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot};

use super::super::driver::Driver;
use super::super::gate::Gate;
use crate::host::tcp::{Ending, Peer};
use crate::host::world::StreamId;

/// Where a socket's writer is told what to write.
pub(super) struct Line {
    writes: mpsc::UnboundedSender<Write>,
    ending: oneshot::Sender<Ending>,
}

/// Writes one socket of a connection.
pub(super) struct Writer {
    driver: Arc<Driver>,
    id: StreamId,
    peer: Peer,
    half: OwnedWriteHalf,
    /// Counts what was read for this socket and has not been written.
    gate: Arc<Gate>,
    waiting: VecDeque<Write>,
}

struct Write {
    bytes: Vec<u8>,
    written: usize,
    end: bool,
}

// === impl Line ===

impl Line {
    /// Writes bytes, then the end if that is one; a socket that is gone is noticed elsewhere.
    pub(super) fn write(&self, bytes: Vec<u8>, end: bool) {
        let _ = self.writes.send(Write {
            bytes,
            written: 0,
            end,
        });
    }

    /// Ends the socket.
    pub(super) fn end(self, ending: Ending) {
        let _ = self.ending.send(ending);
    }
}

// === impl Writer ===

impl Writer {
    pub(super) fn spawn(
        driver: Arc<Driver>,
        (id, peer): (StreamId, Peer),
        half: OwnedWriteHalf,
        gate: Arc<Gate>,
    ) -> Line {
        let (writes, queue) = mpsc::unbounded_channel();
        let (ending, ended) = oneshot::channel();
        let writer = Self {
            driver,
            id,
            peer,
            half,
            gate,
            waiting: VecDeque::new(),
        };
        tokio::spawn(writer.run(queue, ended));
        Line { writes, ending }
    }

    async fn run(
        mut self,
        mut queue: mpsc::UnboundedReceiver<Write>,
        mut ended: oneshot::Receiver<Ending>,
    ) {
        loop {
            let written = tokio::select! {
                biased;
                ending = &mut ended => {
                    queue.close();
                    while let Some(write) = queue.recv().await {
                        self.waiting.push_back(write);
                    }
                    return self.end(ending.unwrap_or(Ending::Now)).await;
                }
                Some(write) = queue.recv() => {
                    self.waiting.push_back(write);
                    continue;
                }
                written = self.write_first(), if !self.waiting.is_empty() => written,
            };
            let (id, peer) = (self.id, self.peer);
            match written {
                Ok(()) => self.driver.tell(|worker| worker.tcp_written(id, peer)),
                Err(_) => return self.driver.tell(|worker| worker.tcp_reset(id, peer)),
            }
        }
    }

    // Writes the first write that waits. It may be given up half-way and resumed.
    async fn write_first(&mut self) -> io::Result<()> {
        while !self.try_first()? {
            self.half.writable().await?;
        }
        if self.waiting.front().is_some_and(|write| write.end) {
            poll_fn(|context| Pin::new(&mut self.half).poll_shutdown(context)).await?;
        }
        self.waiting.pop_front();
        Ok(())
    }

    // Whether all bytes of the first write are written.
    fn try_first(&mut self) -> io::Result<bool> {
        while let Some(write) = self.waiting.front_mut() {
            let rest = write.bytes.get(write.written..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            match self.half.try_write(rest) {
                Ok(size) => {
                    write.written += size;
                    self.gate.taken(size);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    // What cannot be written any more is nobody's concern: the connection is closed.
    async fn end(mut self, ending: Ending) {
        match ending {
            Ending::Flushed => {
                while !self.waiting.is_empty() && self.write_first().await.is_ok() {}
            }
            Ending::Now => {
                while !self.waiting.is_empty() && matches!(self.try_first(), Ok(true)) {
                    self.waiting.pop_front();
                }
            }
            Ending::Reset => {
                let _ = self.half.as_ref().set_zero_linger();
                // Dropped, it would send its end before the reset.
                self.half.forget();
            }
        }
    }
}
