//! One request over a bare socket, byte for byte; and the upstream that tells what it received.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::case::Request;
use super::outcome::{Answer, ECHO, Outcome};
use crate::conformance::observe::Message;
use crate::conformance::upstream::{read_body, read_head};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An upstream that answers every request with the head that it received. It ends when this is dropped.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Sends a request and reads what comes.
pub async fn send(address: SocketAddr, request: &Request) -> Outcome {
    let exchange = tokio::time::timeout(PATIENCE, exchange(address, request));
    match exchange.await {
        Ok(Ok(answer)) => Outcome::Answered(Box::new(answer)),
        Ok(Err(error)) => Outcome::Silent(format!("{error:#}")),
        Err(_) => Outcome::Silent(format!("nothing came in {} seconds", PATIENCE.as_secs())),
    }
}

async fn exchange(address: SocketAddr, request: &Request) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&request.bytes()).await?;
    let mut read = Vec::new();
    let message = read_head(&mut stream, &mut read).await?;
    let mut message = message.context("the connection was closed")?;
    if request.method != "HEAD" {
        body(&mut stream, &mut read, &mut message).await?;
    }
    Ok(Answer::new(&message))
}

async fn body(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    message: &mut Message,
) -> anyhow::Result<()> {
    let mut headers = message.headers.iter();
    let is_framed = headers.any(|header| {
        header.starts_with("content-length:") || header.starts_with("transfer-encoding:")
    });
    if !is_framed {
        stream.read_to_end(read).await?;
        message.body = std::mem::take(read);
        return Ok(());
    }
    read_body(stream, read, message).await?;
    if !message.complete {
        bail!("the body broke off");
    }
    Ok(())
}

// === impl Echo ===

impl Echo {
    /// Starts it on any free port of the loopback address.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // A connection that breaks off is the proxy's business.
                    tokio::spawn(async move { drop(serve(stream).await) });
                }
            }),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    while let Some(mut message) = read_head(&mut stream, &mut read).await? {
        read_body(&mut stream, &mut read, &mut message).await?;
        let head = [vec![message.first_line], message.headers]
            .concat()
            .join("\n");
        let length = head.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\n{ECHO}: 1\r\ncontent-length: {length}\r\n\r\n{head}");
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
