//! The client of a script: what it sends, step by step, and what it sees.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::observe::{Message, Notes, shorten};
use super::script::{ClientStep, Script, with_crlf};
use super::stage::{Host, PATIENCE};
use super::upstream::{read_body, read_head};

/// Runs the client's steps against a listener.
///
/// # Errors
/// When something that it waits for does not come, or the connection breaks unexpectedly.
pub fn run(
    runtime: &Runtime,
    script: &Script,
    address: SocketAddr,
    (host, plugins): (&Host, &[String]),
    notes: &Notes,
) -> anyhow::Result<()> {
    let steps = script.client_steps();
    if script.h2 {
        return super::grpc::client(runtime, address, &steps, (host, plugins), notes);
    }
    let mut client = Client {
        address,
        stream: None,
        read: Vec::new(),
        notes,
        head: false,
        tcp: script.tcp,
    };
    for step in &steps {
        match step {
            ClientStep::Await(text) => host.await_line(plugins, text)?,
            ClientStep::Settle => host.settle()?,
            ClientStep::Finish => runtime.block_on(client.finish(host))?,
            step => runtime.block_on(client.step(step))?,
        }
    }
    Ok(())
}

/// One request to a listener that answers anything.
///
/// # Errors
/// When it does not answer.
pub fn settle(address: SocketAddr) -> anyhow::Result<()> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .context("the proxy does not answer any more")?;
    Ok(())
}

struct Client<'a> {
    address: SocketAddr,
    stream: Option<TcpStream>,
    read: Vec<u8>,
    notes: &'a Notes,
    // Whether the last request was HEAD, whose answer has no body.
    head: bool,
    tcp: bool,
}

// === impl Client ===

impl Client<'_> {
    async fn step(&mut self, step: &ClientStep) -> anyhow::Result<()> {
        match step {
            ClientStep::Head(text) => {
                self.head = text.starts_with("HEAD ");
                self.send(&with_crlf(text)).await
            }
            ClientStep::Send(text) => self.send(text.as_bytes()).await,
            ClientStep::Fill(size) => self.send(&vec![b'x'; *size]).await,
            ClientStep::Receive => self.receive().await,
            ClientStep::Drain => self.drain().await,
            ClientStep::Nothing => self.nothing().await,
            ClientStep::Shutdown => Ok(self.stream().await?.shutdown().await?),
            ClientStep::Close => {
                self.stream = None;
                Ok(())
            }
            ClientStep::Reconnect => {
                self.stream = None;
                self.read.clear();
                self.stream().await.map(drop)
            }
            ClientStep::Trailers(_) => {
                bail!("trailers are for HTTP/2; in HTTP/1 send them as bytes")
            }
            ClientStep::Await(_) | ClientStep::Settle | ClientStep::Finish => Ok(()),
        }
    }

    async fn stream(&mut self) -> anyhow::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().context("a stream that was just made")
    }

    // That the proxy has closed its end shows when something is received.
    async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let _ = self.stream().await?.write_all(bytes).await;
        Ok(())
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let (head, tcp) = (self.head, self.tcp);
        let mut read = std::mem::take(&mut self.read);
        let stream = self.stream().await?;
        if tcp {
            let got = tokio::time::timeout(PATIENCE, stream.read_buf(&mut read)).await;
            let line = match got {
                Ok(Ok(0)) => "(end)".to_owned(),
                Ok(Ok(_)) => shorten(&read),
                Ok(Err(_)) => "(reset)".to_owned(),
                Err(_) => "(nothing came)".to_owned(),
            };
            self.notes.add(format!("client< {line}"));
            return Ok(());
        }
        let mut message = None;
        let answer = response(stream, &mut read, &mut message, head);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        self.read = read;
        self.note(
            message,
            if answer.is_ok() {
                "(closed)"
            } else {
                "(nothing came)"
            },
        );
        Ok(())
    }

    fn note(&self, message: Option<Message>, otherwise: &str) {
        match message {
            Some(message) => self.notes.add_message("client<", &message),
            None => self.notes.add(format!("client< {otherwise}")),
        }
    }

    async fn finish(&mut self, host: &Host) -> anyhow::Result<()> {
        let (head, mut read, mut message) = (self.head, std::mem::take(&mut self.read), None);
        let quiet = host.clone();
        let quiet = tokio::task::spawn_blocking(move || quiet.await_quiet());
        let stream = self.stream().await?;
        let otherwise = tokio::select! {
            _ = response(stream, &mut read, &mut message, head) => "(closed)",
            _ = quiet => "(nothing yet)",
        };
        if let Some(begun) = message.as_mut().filter(|it| !it.complete && !it.chunked) {
            // As far as it came.
            begun.body.append(&mut read);
        }
        self.note(message, otherwise);
        self.stream = None;
        Ok(())
    }

    async fn drain(&mut self) -> anyhow::Result<()> {
        let mut read = std::mem::take(&mut self.read);
        let stream = self.stream().await?;
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
        let how = match ended {
            Ok(Ok(_)) => "end",
            Ok(Err(_)) => "reset",
            Err(_) => "left open",
        };
        let text = String::from_utf8_lossy(&read);
        for line in text.split("\r\n") {
            let own = ["date:", "x-request-id:", "x-envoy-upstream-service-time:"];
            let shown = own
                .iter()
                .find(|own| line.starts_with(**own))
                .copied()
                .unwrap_or(line);
            self.notes
                .add(format!("client< {}", shorten(shown.as_bytes())));
        }
        self.notes.add(format!("client< ({how})"));
        Ok(())
    }

    async fn nothing(&mut self) -> anyhow::Result<()> {
        let mut byte = [0; 1];
        let peeked = self.stream().await?.try_read(&mut byte);
        let line = match peeked {
            Ok(0) => "(closed)",
            Ok(_) => "(something)",
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => "(nothing yet)",
            Err(_) => "(reset)",
        };
        self.notes.add(format!("client< {line}"));
        Ok(())
    }
}

// Reads as far as it comes; what there is of the message stays behind when this is given up.
async fn response(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    message: &mut Option<Message>,
    head: bool,
) -> std::io::Result<()> {
    let Some(begun) = read_head(stream, read).await? else {
        return Ok(());
    };
    let message = message.insert(begun);
    let status = message
        .first_line
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let bodiless = head || status == "204" || status == "304" || status.starts_with('1');
    let framed = message.headers.iter().any(|header| {
        header.starts_with("content-length: ") || header.starts_with("transfer-encoding: ")
    });
    if head {
        // HTTP libraries leave it out there, Envoy does not; neither is wrong (RFC 9112 section 6.1).
        message
            .headers
            .retain(|header| !header.starts_with("transfer-encoding: "));
    }
    if bodiless {
        message.complete = true;
    } else if framed {
        // A body that breaks off is a message that is not complete.
        let _ = read_body(stream, read, message).await;
    } else {
        message.complete = stream.read_to_end(read).await.is_ok();
        message.body = std::mem::take(read);
    }
    Ok(())
}
