//! Messages as bytes: what filters say goes out as it is, as Envoy's HTTP/1 encoder writes it.

use bytes::Bytes;
use http::StatusCode;
use hyper::body::Frame;

use crate::host::header_map::HeaderMap;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, or by nothing.
    Raw,
    Chunked,
}

/// The head of a request. What follows is framed as it says.
pub(super) fn request_head(headers: &HeaderMap) -> (Vec<u8>, Framing) {
    let part = |name| headers.get(name).unwrap_or_default();
    let (method, mut target) = (part(b":method"), part(b":path"));
    if method == b"CONNECT" {
        target = part(b":authority");
    }
    let mut out = [method, b" ", target, b" HTTP/1.1\r\n"].concat();
    for (name, value) in headers.iter() {
        match name {
            b":authority" => line(b"host", value, &mut out),
            name if name.starts_with(b":") => {}
            name => line(name, value, &mut out),
        }
    }
    out.extend_from_slice(b"\r\n");
    match headers.get(b"content-length") {
        Some(_) => (out, Framing::Raw),
        None => (out, Framing::Chunked),
    }
}

/// Writes the head of a response; what follows is framed so. `end`: nothing follows.
pub(super) fn head(
    headers: &HeaderMap,
    (end, to_head, close): (bool, bool, bool),
    out: &mut Vec<u8>,
) -> Framing {
    let status = headers.status().unwrap_or_default();
    out.extend_from_slice(format!("HTTP/1.1 {status} {}\r\n", reason(status)).as_bytes());
    let mut counted = false;
    for (name, value) in headers.iter() {
        let name = match name {
            b":authority" => b"host",
            b"connection" if close => continue,
            name if name.starts_with(b":") => continue,
            name => name,
        };
        counted |= name == b"content-length";
        line(name, value, out);
    }
    if close {
        line(b"connection", b"close", out);
    }
    let framing = match (counted, end) {
        (true, _) => Framing::Raw,
        (false, true) => {
            if !to_head && status >= 200 && ![204, 304].contains(&status) {
                line(b"content-length", b"0", out);
            }
            Framing::Raw
        }
        (false, false) if status < 200 || status == 204 || status == 304 => Framing::Raw,
        (false, false) => {
            line(b"transfer-encoding", b"chunked", out);
            Framing::Chunked
        }
    };
    out.extend_from_slice(b"\r\n");
    framing
}

fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

// Envoy has no name for a teapot.
fn reason(status: u32) -> &'static str {
    let code = u16::try_from(status).ok().filter(|code| *code != 418);
    code.and_then(|code| StatusCode::from_u16(code).ok())
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Unknown")
}

// === impl Framing ===

impl Framing {
    pub(super) fn frame(self, frame: Frame<Bytes>, out: &mut Vec<u8>) {
        let frame = match (frame.into_data(), self) {
            (Ok(data), Self::Raw) => return out.extend_from_slice(&data),
            (Ok(data), Self::Chunked) => {
                if !data.is_empty() {
                    out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                    out.extend_from_slice(&data);
                    out.extend_from_slice(b"\r\n");
                }
                return;
            }
            // Without chunks there is no place for trailers.
            (Err(_), Self::Raw) => return,
            (Err(frame), Self::Chunked) => frame,
        };
        out.extend_from_slice(b"0\r\n");
        for (name, value) in &frame.into_trailers().unwrap_or_default() {
            line(name.as_str().as_bytes(), value.as_bytes(), out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The end of a body without trailers.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }
}
