//! One end of a proxied connection, driven by hand.

use std::fmt::{self, Display, Formatter};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

/// A client, or an upstream that nobody has connected to yet.
#[derive(Default)]
pub(crate) struct Peer {
    stream: Option<TcpStream>,
    pub(crate) received: Vec<u8>,
    /// How the other side has ended: `end` or an error.
    pub(crate) ended: Option<String>,
}

// === impl Peer ===

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).unwrap())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        Self {
            stream: Some(stream),
            ..Self::default()
        }
    }

    /// Becomes the upstream of a new connection, if there is one.
    pub(crate) fn accept(&mut self, listener: &TcpListener) {
        if let Ok((stream, _)) = listener.accept() {
            *self = Self::of(stream);
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Short enough for the socket to take it at once.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let sent = self.stream.as_mut().map(|stream| stream.write_all(bytes));
        // The other side may have reset the connection already.
        drop(sent);
    }

    pub(crate) fn end(&self) {
        let _ = self
            .stream
            .as_ref()
            .map(|stream| stream.shutdown(Shutdown::Write));
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        if let Some(stream) = self.stream.take() {
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            stream.set_zero_linger().unwrap();
        }
    }

    /// Reads all that there is, the end too.
    pub(crate) fn read_all(&mut self) {
        let mut before = String::new();
        while before != self.to_string() {
            before = self.to_string();
            self.read();
        }
    }

    /// Reads what there is.
    pub(crate) fn read(&mut self) {
        let Some(stream) = self.stream.as_mut().filter(|_| self.ended.is_none()) else {
            return;
        };
        let mut bytes = [0; 16 * 1024];
        match stream.read(&mut bytes) {
            Ok(0) => self.ended = Some("end".to_owned()),
            Ok(size) => self.received.extend(bytes.iter().take(size)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.ended = Some(error.kind().to_string()),
        }
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ended = self.ended.as_deref().unwrap_or("open");
        write!(f, "{:?} {ended}", self.received.escape_ascii().to_string())
    }
}
