//! Noticing that a client has gone while nothing is read from it, as Envoy does (`detect_early_close`).

use std::future::pending;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use tokio::io::Interest;
use tokio::net::TcpStream;

use super::gate::Gate;

/// The client of a connection.
#[derive(Debug)]
pub(super) struct Peer(Option<OwnedFd>);

// === impl Peer ===

impl Peer {
    /// Without a descriptor to spare, its going is noticed later.
    pub(super) fn of(stream: &TcpStream) -> Self {
        Self(stream.as_fd().try_clone_to_owned().ok())
    }

    /// Waits until it has closed its side while the gate is shut.
    pub(super) async fn gone_while_shut(&self, gate: &Gate) {
        loop {
            gate.shut().await;
            tokio::select! {
                biased;
                () = gate.open() => {}
                () = self.gone() => return,
            }
        }
    }

    async fn gone(&self) {
        let watch = |fd: &OwnedFd| TcpStream::from_std(fd.try_clone()?.into());
        let Some(Ok(watched)) = self.0.as_ref().map(watch) else {
            return pending().await;
        };
        loop {
            match watched.ready(Interest::READABLE).await {
                Ok(ready) if ready.is_read_closed() => return,
                // Bytes that wait to be read: what comes after them is waited for.
                Ok(_) => {
                    let not_now = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                    let _ = watched.try_io(Interest::READABLE, not_now);
                }
                Err(_) => return pending().await,
            }
        }
    }
}
