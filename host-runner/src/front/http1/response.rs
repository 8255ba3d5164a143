//! The head of a response, out of the bytes of its connection.

use httparse::{EMPTY_HEADER, Status};

use super::decode::{Decoder, MAX_HEADERS, Malformed};
use super::head::{lists, number};
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
}

/// Takes a head from the bytes, that of the answer to a HEAD request if `to_head`; none if there is more to come of it.
/// An interim response (RFC 9110 section 15.2) is dropped, as Envoy does.
pub(super) fn take(input: &mut Vec<u8>, to_head: bool) -> Result<Option<Head>, Malformed> {
    loop {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let used = match response.parse(input).map_err(|_| Malformed)? {
            Status::Complete(used) => used,
            Status::Partial if input.len() > MAX_HEAD => return Err(Malformed),
            Status::Partial => return Ok(None),
        };
        let status = response.code.unwrap_or_default();
        let head = Head::of(&response, to_head);
        input.drain(..used);
        if !is_interim(status) {
            return head.map(Some);
        }
    }
}

fn is_interim(status: u16) -> bool {
    (100..200).contains(&status) && status != 101
}

// === impl Head ===

impl Head {
    fn of(response: &httparse::Response<'_, '_>, to_head: bool) -> Result<Self, Malformed> {
        let status = response.code.unwrap_or_default();
        let mut headers = HeaderMap::response(status.to_string().as_bytes());
        for header in response.headers.iter() {
            headers.add(header.name.as_bytes(), header.value);
        }
        let bodiless = to_head || status < 200 || [204, 304].contains(&status);
        let body = framing(&headers)?;
        let persistent = match response.version {
            Some(1) => !lists(&headers, b"connection", "close"),
            _ => lists(&headers, b"connection", "keep-alive"),
        };
        Ok(Self {
            headers,
            body: if bodiless { Decoder::Done } else { body },
            keep: persistent && status >= 200,
        })
    }
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
        (None, Some(length), None) => number(length).map(Decoder::of_length).ok_or(Malformed),
        _ => Err(Malformed),
    }
}
