//! The head of a response, out of the bytes of its connection.

use super::decode::{Decoder, Malformed};
use super::head::{lists, number};
use super::lines;
use crate::host::header_map::HeaderMap;

/// Envoy's default for `max_response_headers_kb`.
const MAX_HEAD: usize = 60 * 1024;

/// A response before its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) headers: HeaderMap,
    pub(super) body: Decoder,
    /// The connection may take another request.
    pub(super) keep: bool,
    status: u16,
}

/// What a status line says.
#[derive(Debug, Clone, Copy)]
struct StatusLine {
    status: u16,
    /// 1.1 or newer.
    persistent: bool,
}

/// Takes a head from the bytes, that of the answer to a HEAD request if `to_head`; none if there is more to come of it.
/// An interim response (RFC 9110 section 15.2) is dropped, as Envoy does, and counted.
pub(super) fn take(
    input: &mut Vec<u8>,
    to_head: bool,
    interim: &mut usize,
) -> Result<Option<Head>, Malformed> {
    let mut taken = 0;
    let head = loop {
        let rest = input.get(taken..).unwrap_or_default();
        let Some((head, used)) = parse(rest, to_head)? else {
            match rest.len() > MAX_HEAD {
                true => return Err(Malformed),
                false => break None,
            }
        };
        if used > MAX_HEAD {
            return Err(Malformed);
        }
        taken += used;
        if !is_interim(head.status) {
            break Some(head);
        }
        *interim += 1;
    };
    input.drain(..taken);
    Ok(head)
}

fn is_interim(status: u16) -> bool {
    (100..200).contains(&status) && status != 101
}

fn parse(input: &[u8], to_head: bool) -> Result<Option<(Head, usize)>, Malformed> {
    let Some(line) = lines::first(input) else {
        return Ok(None);
    };
    let line = StatusLine::parse(line).ok_or(Malformed)?;
    let start = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or_default()
        + 1;
    let rest = input.get(start..).unwrap_or_default();
    let mut headers = HeaderMap::response(line.status.to_string().as_bytes());
    let Some(used) = lines::headers(rest, &mut headers)? else {
        return Ok(None);
    };
    let head = Head::of(line, headers, to_head)?;
    Ok(Some((head, start + used)))
}

// === impl StatusLine ===

impl StatusLine {
    // A status of any size, of which Envoy keeps 16 bits. What follows it is of no interest.
    fn parse(line: &[u8]) -> Option<Self> {
        if lines::has_control(line) {
            return None;
        }
        let blank = |byte: &u8| b" \t".contains(byte);
        let mut words = line.split(blank);
        let version = words.next()?.strip_prefix(b"HTTP/")?;
        let [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = version else {
            return None;
        };
        let status = std::str::from_utf8(words.find(|word| !word.is_empty())?).ok()?;
        let status = status.parse::<u64>().ok()? & u64::from(u16::MAX);
        Some(Self {
            status: u16::try_from(status).ok()?,
            persistent: (major, minor) >= (&b'1', &b'1'),
        })
    }
}

// === impl Head ===

impl Head {
    fn of(line: StatusLine, mut headers: HeaderMap, to_head: bool) -> Result<Self, Malformed> {
        let status = line.status;
        let body = framing(&headers)?;
        if status < 200 || status == 204 {
            check_bodiless(&mut headers, body)?;
        }
        let persistent = match line.persistent {
            true => !lists(&headers, b"connection", "close"),
            false => lists(&headers, b"connection", "keep-alive"),
        };
        Ok(Self {
            headers,
            body: match body {
                _ if to_head || status == 204 || status == 304 => Decoder::Done,
                _ if (100..200).contains(&status) => Decoder::Length(0),
                Decoder::Length(0) if status >= 200 => Decoder::Done,
                body => body,
            },
            keep: persistent && status >= 200,
            status,
        })
    }
}

// Nothing may be said of a body (RFC 9110 section 8.6, RFC 9112 section 6.1), but that it is none.
fn check_bodiless(headers: &mut HeaderMap, body: Decoder) -> Result<(), Malformed> {
    match body {
        Decoder::Length(0) => headers.remove(b"content-length"),
        Decoder::UntilClose => {}
        _ => return Err(Malformed),
    }
    Ok(())
}

// RFC 9112 section 6.3; who says it twice, or in two ways, means to be understood in two ways.
fn framing(headers: &HeaderMap) -> Result<Decoder, Malformed> {
    let coding = headers.get(b"transfer-encoding");
    let mut lengths = headers.get_all(b"content-length");
    match (coding, lengths.next(), lengths.next()) {
        (Some(coding), None, _) if coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Decoder::ChunkSize)
        }
        (None, None, _) => Ok(Decoder::UntilClose),
        (None, Some(length), None) => number(length).map(Decoder::Length).ok_or(Malformed),
        _ => Err(Malformed),
    }
}
