//! The client of a TCP case: it says its pieces, ends its side, and listens until it is closed.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::Response;

/// Long enough for a proxy on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What it has heard, as a response of which there is only a body.
pub(super) async fn talk(address: SocketAddr, pieces: Vec<Bytes>) -> anyhow::Result<Response> {
    let heard = tokio::time::timeout(TIMEOUT, listen(address, pieces)).await;
    let body = heard.with_context(|| {
        format!(
            "the connection to {address} did not end within {} seconds",
            TIMEOUT.as_secs()
        )
    })??;
    Ok(Response {
        status: 0,
        headers: Vec::new(),
        body,
        trailers: Vec::new(),
    })
}

// A filter may close the connection at any time, which is no failure of the case.
async fn listen(address: SocketAddr, pieces: Vec<Bytes>) -> anyhow::Result<Vec<u8>> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (mut reading, mut writing) = stream.into_split();
    let saying = async move {
        for piece in pieces {
            if writing.write_all(&piece).await.is_err() {
                break;
            }
        }
        let _ = writing.shutdown().await;
        writing
    };
    let mut heard = Vec::new();
    let hearing = async {
        let _ = reading.read_to_end(&mut heard).await;
    };
    tokio::join!(saying, hearing);
    Ok(heard)
}
