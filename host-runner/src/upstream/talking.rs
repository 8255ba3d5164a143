//! An upstream that talks over TCP: it says its greeting, listens until the client has ended, answers, and closes.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Received, Recording};

/// A running upstream; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Talking {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    cluster: String,
    recording: Arc<Recording>,
    /// The sockets of [`Talking::settled`].
    own: Mutex<HashSet<SocketAddr>>,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections that have not ended.
    open: usize,
    /// Own sockets that were accepted, and with them all that connected before.
    seen: HashSet<SocketAddr>,
}

/// How long a proxy may take to end its connections once the client's has ended.
const PATIENCE: Duration = Duration::from_secs(10);

// === impl Talking ===

impl Talking {
    /// Must be called within a tokio runtime.
    pub(crate) async fn start(cluster: &str, recording: &Arc<Recording>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener =
            listener.with_context(|| format!("cannot listen for the cluster `{cluster}`"))?;
        let shared = Arc::new(Shared {
            cluster: cluster.to_owned(),
            recording: Arc::clone(recording),
            own: Mutex::default(),
            state: watch::Sender::default(),
        });
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, Arc::clone(&shared))),
            shared,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every connection that was made to it has been accepted, and has ended.
    pub(crate) async fn settled(&self) -> anyhow::Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let own = socket.local_addr()?;
        self.shared.own().insert(own);
        let _marker = socket.connect(self.address).await?;
        let mut state = self.shared.state.subscribe();
        let settled = state.wait_for(|state| state.open == 0 && state.seen.contains(&own));
        let settled = tokio::time::timeout(PATIENCE, settled).await;
        settled.context("the proxy does not close its connection to the upstream")??;
        Ok(())
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, peer)) = listener.accept().await {
        if shared.own().remove(&peer) {
            shared.state.send_modify(|state| {
                state.seen.insert(peer);
            });
            continue;
        }
        shared.state.send_modify(|state| state.open += 1);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let body = talk(stream, &shared).await;
            shared.recording.record(Received {
                cluster: shared.cluster.clone(),
                body,
                ..Received::default()
            });
            shared.state.send_modify(|state| state.open -= 1);
        });
    }
}

// What the client has said. A connection that breaks off is the proxy's business: it shows in that.
async fn talk(mut stream: TcpStream, shared: &Shared) -> Vec<u8> {
    let answer = shared.recording.answer_of(&shared.cluster);
    let mut said = Vec::new();
    if stream.write_all(&answer.greeting).await.is_ok()
        && stream.read_to_end(&mut said).await.is_ok()
    {
        let _ = stream.write_all(&answer.body.unwrap_or_default()).await;
        let _ = stream.shutdown().await;
    }
    said
}

// === impl Shared ===

impl Shared {
    fn own(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
