//! The admin interface of a running Envoy: just enough HTTP/1.1 to GET a document from it.
//! Written on plain sockets so that it works in synchronous and asynchronous callers alike.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long Envoy's main thread may take to answer; it compiles modules on that thread.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where Envoy's admin interface listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admin {
    address: SocketAddr,
}

struct Response {
    status: u16,
    body: Vec<u8>,
}

// === impl Admin ===

impl Admin {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Whether Envoy has finished starting. One that does not answer yet has not.
    pub(super) fn is_ready(self) -> bool {
        self.get("/ready")
            .is_ok_and(|response| response.status == 200)
    }

    /// A JSON document.
    pub(super) fn json(self, path: &str) -> anyhow::Result<Value> {
        let document = self.document(path)?;
        serde_json::from_slice(&document)
            .with_context(|| format!("cannot read Envoy's answer to `{path}`"))
    }

    /// A document for people, or for other programs.
    pub(super) fn text(self, path: &str) -> anyhow::Result<String> {
        let document = self.document(path)?;
        Ok(String::from_utf8_lossy(&document).into_owned())
    }

    fn document(self, path: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.get(path)?;
        if response.status != 200 {
            bail!(
                "Envoy's admin interface answered {} to `{path}`",
                response.status
            );
        }
        Ok(response.body)
    }

    fn get(self, path: &str) -> anyhow::Result<Response> {
        let exchange = || -> std::io::Result<Vec<u8>> {
            let mut socket = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            write!(
                socket,
                "GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n"
            )?;
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange()
            .with_context(|| format!("Envoy's admin interface at {} is silent", self.address))?;
        Response::parse(&answer).with_context(|| format!("Envoy's answer to `{path}` is cut short"))
    }
}

// === impl Response ===

impl Response {
    fn parse(answer: &[u8]) -> Option<Self> {
        let (head, body) = split_once(answer, b"\r\n\r\n")?;
        let head = std::str::from_utf8(head).ok()?.to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = match head.contains("\r\ntransfer-encoding: chunked") {
            true => join_chunks(body)?,
            false => body.to_vec(),
        };
        Some(Self { status, body })
    }
}

/// RFC 9112 section 7.1, without trailers, which Envoy's admin interface never sends.
fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, data) = split_once(rest, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(data.get(..size)?);
        rest = data.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn split_once<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        let response = Response::parse(answer).unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (200, b"abc0123456789".as_slice())
        );
    }

    #[test]
    fn a_plain_body_is_taken_whole() {
        let response =
            Response::parse(b"HTTP/1.1 503 Service Unavailable\r\n\r\nPRE_INITIALIZING").unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (503, b"PRE_INITIALIZING".as_slice())
        );
    }

    #[test]
    fn a_cut_answer_is_no_answer() {
        assert!(
            Response::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")
                .is_none()
        );
        assert!(Response::parse(b"HTTP/1.1 200").is_none());
    }
}
