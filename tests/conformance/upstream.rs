//! Upstreams that do to each request what a script says, over bare sockets, and note what they received.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::observe::{Message, Notes, shorten};
use super::script::{ServerStep, with_crlf};
use super::stage::CurrentHost;

/// A running upstream; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    watched: Arc<Mutex<Watched>>,
}

// Whose log lines its steps wait for, and whether it speaks TCP only.
#[derive(Debug, Default, Clone)]
struct Watched {
    plugins: Vec<String>,
    tcp: bool,
}

#[derive(Clone)]
struct Serving {
    name: String,
    notes: Notes,
    steps: Vec<ServerStep>,
    host: CurrentHost,
    watched: Arc<Mutex<Watched>>,
}

/// Whether the connection goes on after a request.
#[derive(PartialEq, Eq)]
enum Next {
    Request,
    Closed,
}

// === impl Server ===

impl Server {
    /// Starts it on any free port of the loopback address, inside a tokio runtime.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(
        name: &str,
        notes: Notes,
        steps: Vec<ServerStep>,
        host: &CurrentHost,
    ) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let watched = Arc::<Mutex<Watched>>::default();
        let serving = Serving {
            name: name.to_owned(),
            notes,
            steps,
            host: host.clone(),
            watched: Arc::clone(&watched),
        };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let serving = serving.clone();
                tokio::spawn(async move { serving.connection(stream).await });
            }
        });
        Ok(Self {
            address,
            accepting,
            watched,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says whose log lines its steps wait for, and whether there is no HTTP.
    pub fn watch(&mut self, plugins: &[String], tcp: bool) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        *watched = Watched {
            plugins: plugins.to_vec(),
            tcp,
        };
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Serving ===

impl Serving {
    fn watched(&self) -> Watched {
        self.watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn connection(&self, mut stream: TcpStream) {
        let mut read = Vec::new();
        if self.watched().tcp {
            let _ = self.bytes(&mut stream).await;
            return;
        }
        loop {
            match self.request(&mut stream, &mut read).await {
                Ok(Next::Request) => {}
                Ok(Next::Closed) | Err(_) => return,
            }
        }
    }

    // One HTTP/1 request, through all steps.
    async fn request(&self, stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<Next> {
        let Some(mut message) = read_head(stream, read).await? else {
            return Ok(Next::Closed);
        };
        let mut whole = false;
        if !matches!(self.steps.first(), Some(ServerStep::Head)) {
            self.rest(stream, read, &mut message).await?;
            whole = true;
        }
        let mut busy = self.host.get().map(|host| host.begin());
        for step in &self.steps {
            match step {
                ServerStep::Rest => {
                    drop(busy.take());
                    self.rest(stream, read, &mut message).await?;
                    whole = true;
                }
                ServerStep::Close => {
                    return Ok(Next::Closed);
                }
                ServerStep::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(Next::Closed);
                }
                ServerStep::Hang => {
                    drop(busy.take());
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                    return Ok(Next::Closed);
                }
                step => self.step(stream, step).await?,
            }
        }
        Ok(if whole { Next::Request } else { Next::Closed })
    }

    async fn rest(
        &self,
        stream: &mut TcpStream,
        read: &mut Vec<u8>,
        message: &mut Message,
    ) -> std::io::Result<()> {
        let result = read_body(stream, read, message).await;
        // How much of a request that was broken off had left already is a matter of luck.
        // What follows a request that Envoy ended twice is none.
        if message.complete && message.first_line.ends_with("HTTP/1.1") {
            self.notes.add_message(&self.name, message);
        }
        result
    }

    async fn step(&self, stream: &mut TcpStream, step: &ServerStep) -> std::io::Result<()> {
        match step {
            ServerStep::Answer(text) => stream.write_all(&with_crlf(text)).await,
            ServerStep::Send(text) => stream.write_all(text.as_bytes()).await,
            ServerStep::Fill(size) => stream.write_all(&vec![b'x'; *size]).await,
            ServerStep::Await(text) => {
                let (host, plugins, text) = (self.host.get(), self.watched().plugins, text.clone());
                self.blocking(move || host.map_or(Ok(()), |host| host.await_line(&plugins, &text)))
                    .await
            }
            ServerStep::Settle => {
                let host = self.host.get();
                self.blocking(move || host.map_or(Ok(()), |host| host.settle()))
                    .await
            }
            ServerStep::Read(size) => {
                let mut bytes = vec![0; *size];
                stream.read_exact(&mut bytes).await?;
                self.notes.add(format!("{} {}", self.name, shorten(&bytes)));
                Ok(())
            }
            ServerStep::Head
            | ServerStep::Rest
            | ServerStep::Close
            | ServerStep::Reset
            | ServerStep::Hang => Ok(()),
        }
    }

    async fn blocking(
        &self,
        wait: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) -> std::io::Result<()> {
        let waited = tokio::task::spawn_blocking(wait).await;
        if let Ok(Err(error)) = waited {
            self.notes.add(format!("{}! {error:#}", self.name));
        }
        Ok(())
    }

    // A TCP connection, through all steps; then what is left until it is closed.
    async fn bytes(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        for step in &self.steps {
            match step {
                ServerStep::Close => return Ok(()),
                ServerStep::Reset => return stream.set_zero_linger(),
                step => self.step(stream, step).await?,
            }
        }
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest).await;
        let how = if ended.is_ok() { "end" } else { "reset" };
        self.notes
            .add(format!("{} {} ({how})", self.name, shorten(&rest)));
        Ok(())
    }
}

// === reading HTTP/1 ===

/// Reads a head into a message; none when the connection ends before it.
///
/// # Errors
/// When the connection breaks.
pub async fn read_head(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
) -> std::io::Result<Option<Message>> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = read.drain(..end + 4).collect();
            let head = head.escape_ascii().to_string();
            let mut lines = head
                .split("\\r\\n")
                .filter(|line| !line.is_empty())
                .map(str::to_owned);
            let first_line = lines.next().unwrap_or_default();
            return Ok(Some(Message {
                first_line,
                headers: lines.collect(),
                ..Message::default()
            }));
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Reads the body that the head of a message announces.
///
/// # Errors
/// When the connection breaks.
pub async fn read_body(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    message: &mut Message,
) -> std::io::Result<()> {
    let header = |wanted: &str| {
        let headers = message.headers.iter();
        let mut found = headers
            .filter_map(|header| header.split_once(": "))
            .filter(|(name, _)| *name == wanted);
        found.next().map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    message.chunked = header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
    if message.chunked {
        return read_chunks(stream, read, message).await;
    }
    let length = length.unwrap_or(0);
    while read.len() < length {
        if stream.read_buf(read).await? == 0 {
            message.body = std::mem::take(read);
            return Ok(());
        }
    }
    message.body = read.drain(..length).collect();
    message.complete = true;
    Ok(())
}

async fn read_chunks(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    message: &mut Message,
) -> std::io::Result<()> {
    loop {
        let Some(size) = read_line(stream, read).await? else {
            return Ok(());
        };
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        while read.len() < size + 2 {
            if stream.read_buf(read).await? == 0 {
                return Ok(());
            }
        }
        message.body.extend(read.drain(..size));
        read.drain(..2);
    }
    // Trailers, up to the line that ends them.
    while let Some(line) = read_line(stream, read).await? {
        if line.is_empty() {
            message.complete = true;
            return Ok(());
        }
    }
    Ok(())
}

async fn read_line(stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    loop {
        if let Some(end) = read.windows(2).position(|window| window == b"\r\n") {
            let line: Vec<u8> = read.drain(..end + 2).collect();
            let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
            return Ok(Some(line.escape_ascii().to_string()));
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}
