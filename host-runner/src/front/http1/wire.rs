//! The bytes of one connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

/// Envoy's default for `per_connection_buffer_limit_bytes`: what it reads at once.
pub(super) const READ_LIMIT: usize = 1024 * 1024;

/// How long a client may take to close a connection that is closed here, as Envoy's `delayed_close_timeout`.
const LINGER: Duration = Duration::from_secs(1);

const PIECE: usize = 16 * 1024;

/// Between two looks at a preface that has begun and not ended.
const PREFACE_POLL: Duration = Duration::from_millis(10);

/// How an HTTP/2 connection begins (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether what a client sends begins as HTTP/2 does; nothing is taken from the connection.
pub(crate) async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let (mut bytes, mut known) = ([0; PREFACE.len()], 0);
    loop {
        let count = stream.peek(&mut bytes).await?;
        let seen = bytes.get(..count).unwrap_or_default();
        if !PREFACE.starts_with(seen) || count == 0 {
            return Ok(false);
        }
        if count == PREFACE.len() {
            return Ok(true);
        }
        // What is there already is all that a socket can be waited for.
        if count == known {
            tokio::time::sleep(PREFACE_POLL).await;
        }
        known = count;
    }
}

/// What was read at once.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) count: usize,
    /// Nothing comes after it.
    pub(super) ended: bool,
}

/// Waits for bytes or the end, and takes all that there are, up to the limit.
pub(super) async fn read(stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<Read> {
    loop {
        stream.readable().await?;
        let read = read_ready(stream, into)?;
        if read.count > 0 || read.ended {
            return Ok(read);
        }
    }
}

/// Takes what there is.
pub(super) fn read_ready(stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<Read> {
    let mut read = Read::default();
    while read.count < READ_LIMIT {
        let begin = into.len();
        into.resize(begin + PIECE, 0);
        let result = stream.try_read(into.get_mut(begin..).unwrap_or_default());
        into.truncate(begin + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => {
                read.ended = true;
                break;
            }
            Ok(count) => read.count += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // What came before it is told first.
            Err(_) if read.count > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Writes all of it.
pub(super) async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Says that nothing more comes, and lets the client read what came: bytes that nobody reads would reset the connection.
pub(super) async fn close(mut stream: TcpStream) {
    let shut = poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await;
    if shut.is_err() {
        return;
    }
    let rest = async {
        let mut unread = Vec::new();
        while let Ok(Read { ended: false, .. }) = read(&stream, &mut unread).await {
            unread.clear();
        }
    };
    // A client that keeps it open is left alone.
    let _ = tokio::time::timeout(LINGER, rest).await;
}
