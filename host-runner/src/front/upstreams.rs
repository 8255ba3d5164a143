//! Connections to upstreams: pooled HTTP/1.1 ones, and one of HTTP/2 for each address.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector, HttpInfo, capture_connection,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::body::Body;
use super::reset_reason::ResetReason;
use crate::listener::Cluster;

/// As the clusters that `config envoy` prints.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

// An HTTP/2 connection, and its address here.
type Connection = (SendRequest<Body>, SocketAddr);

/// Connections to all upstreams.
#[derive(Clone)]
pub(crate) struct Upstreams {
    http1: Client<HttpConnector, Body>,
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
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let http1 = Client::builder(TokioExecutor::new())
            // A filter that removed `:authority` has none (rule H9).
            .set_host(false)
            .build(connector);
        Self {
            http1,
            http2: Arc::default(),
        }
    }

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
    /// Sends a request that [`super::forward::upstream_request`] made for this upstream, and tells from which address as
    /// soon as there is a connection, because the request's body may follow.
    pub(crate) async fn send(
        self,
        mut request: Request<Body>,
        connected: impl FnOnce(SocketAddr),
    ) -> Result<Response<Incoming>, ResetReason> {
        if !self.hop.http2 {
            let mut connection = capture_connection(&mut request);
            let mut response = pin!(self.all.http1.request(request));
            let answer = tokio::select! {
                biased;
                Some(local) = local_address(&mut connection) => {
                    connected(local);
                    response.await
                }
                // The connection was made and has answered at once.
                response = &mut response => {
                    let of_connection = |it: &Response<Incoming>| it.extensions().get::<HttpInfo>().cloned();
                    if let Some(info) = response.as_ref().ok().and_then(of_connection) {
                        connected(info.local_addr());
                    }
                    response
                }
            };
            return answer.map_err(|error| ResetReason::of(&error));
        }
        let (mut connection, local) = self.connection().await?;
        connected(local);
        let answer = connection.send_request(request).await;
        answer.map_err(|error| ResetReason::of(&error))
    }

    async fn connection(&self) -> Result<Connection, ResetReason> {
        let open = self.lock().get(&self.hop.address).cloned();
        if let Some(connection) = open.filter(|(it, _)| !it.is_closed()) {
            return Ok(connection);
        }
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(self.hop.address))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| ResetReason::of_connect(Some(&error)))?;
        let local = stream.local_addr();
        let local = local.map_err(|error| ResetReason::of_connect(Some(&error)))?;
        // Without it the bytes are only slower.
        let _ = stream.set_nodelay(true);
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

// None: there will be no connection.
async fn local_address(connection: &mut CaptureConnection) -> Option<SocketAddr> {
    let mut found = http::Extensions::new();
    let connected = connection.wait_for_connection_metadata().await;
    connected.as_ref()?.get_extras(&mut found);
    found.get::<HttpInfo>().map(HttpInfo::local_addr)
}
