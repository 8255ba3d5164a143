//! Connections to upstreams: pooled HTTP/1.1 ones, and one of HTTP/2 for each address.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::body::{Body, full};
use super::forward::Outgoing;
use super::http1;
use super::read::Source;
use super::reset_reason::ResetReason;
use super::respond;
use crate::host::header_map::HeaderMap;
use crate::listener::Cluster;

/// As the clusters that `config envoy` prints.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

// An HTTP/2 connection, and its address here.
type Connection = (SendRequest<Body>, SocketAddr);

/// Connections to all upstreams.
#[derive(Clone, Default)]
pub(crate) struct Upstreams {
    http1: http1::Client,
    http2: Arc<Mutex<HashMap<SocketAddr, Connection>>>,
}

/// The way to one upstream.
pub(crate) struct Upstream {
    all: Upstreams,
    pub(crate) hop: Hop,
}

/// Where a request goes next, and in which protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hop {
    pub(crate) address: SocketAddr,
    pub(crate) http2: bool,
}

// === impl Upstreams ===

impl Upstreams {
    pub(crate) fn of(&self, cluster: &Cluster) -> Upstream {
        Upstream {
            all: self.clone(),
            hop: Hop::to(cluster),
        }
    }
}

// === impl Hop ===

impl Hop {
    pub(crate) fn to(cluster: &Cluster) -> Self {
        Self {
            address: cluster.address,
            http2: cluster.http2,
        }
    }
}

// === impl Upstream ===

impl Upstream {
    /// Sends a request that was made for this upstream, and tells from which address as soon as there is a connection,
    /// because the request's body may follow. Gives the head of the response and the body to come.
    pub(crate) async fn send(
        self,
        (request, body): (Outgoing, Option<Body>),
        connected: impl FnOnce(SocketAddr),
    ) -> Result<(HeaderMap, Source), ResetReason> {
        let request = match request {
            Outgoing::Http1(headers) => {
                let http1 = &self.all.http1;
                let sent = http1.send(self.hop.address, (headers, body), connected);
                return sent
                    .await
                    .map(|(headers, body)| (headers, Source::Http1(body)));
            }
            Outgoing::Http2(request) => {
                (*request).map(|()| body.unwrap_or_else(|| full(Vec::new())))
            }
        };
        let (mut connection, local) = self.connection().await?;
        connected(local);
        let answer = connection.send_request(request).await;
        let (parts, body) = answer
            .map_err(|error| ResetReason::of(&error))?
            .into_parts();
        Ok((respond::response_map(&parts), Source::Http2(body)))
    }

    /// Whether a connection waits for a request.
    pub(crate) fn is_ready(&self) -> bool {
        match self.hop.http2 {
            true => self.open().is_some(),
            false => self.all.http1.has_idle(self.hop.address),
        }
    }

    /// Makes a connection that nothing is sent on; its address here.
    pub(crate) async fn connect(&self) -> Result<SocketAddr, ResetReason> {
        if self.hop.http2 {
            return self.connection().await.map(|(_, local)| local);
        }
        let local = connect(self.hop.address).await?.local_addr();
        local.map_err(|error| ResetReason::of_connect(Some(&error)))
    }

    fn open(&self) -> Option<Connection> {
        let open = self.lock().get(&self.hop.address).cloned();
        open.filter(|(it, _)| !it.is_closed())
    }

    async fn connection(&self) -> Result<Connection, ResetReason> {
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        let stream = connect(self.hop.address).await?;
        let local = stream.local_addr();
        let local = local.map_err(|error| ResetReason::of_connect(Some(&error)))?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|error| ResetReason::of(&error as &(dyn Error + 'static)))?;
        tokio::spawn(async move {
            // Whoever has a request on it hears what went wrong.
            let _ = connection.await;
        });
        self.lock()
            .insert(self.hop.address, (sender.clone(), local));
        Ok((sender, local))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Connection>> {
        self.all
            .http2
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new connection.
pub(super) async fn connect(address: SocketAddr) -> Result<TcpStream, ResetReason> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| ResetReason::of_connect(Some(&error)))?;
    // Without it the bytes are only slower.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
