//! The head of a request, out of the bytes of its connection.

use http::Version;
use httparse::{EMPTY_HEADER, Error, Status};

use super::decode::{Decoder, MAX_HEADERS};
use crate::front::refused::Refused;
use crate::front::request_head::RequestHead;
use crate::host::header_map::HeaderMap;

/// Envoy's default for `max_request_headers_kb`.
const MAX_HEAD: usize = 60 * 1024;

/// A request before its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) request: RequestHead,
    /// What was asked for, with the fragment.
    pub(super) target: Vec<u8>,
    pub(super) body: Decoder,
    /// The connection ends with the response.
    pub(super) close: bool,
    /// 100 Continue is waited for.
    pub(super) expects: bool,
}

/// Takes a head from the bytes; none if there is more to come of it.
pub(super) fn take(input: &mut Vec<u8>) -> Result<Option<Head>, Refused> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let used = match request.parse(input) {
        Ok(Status::Complete(used)) => used,
        Ok(Status::Partial) if input.len() > MAX_HEAD => return Err(Refused::TOO_LARGE),
        Ok(Status::Partial) => return Ok(None),
        Err(Error::TooManyHeaders) => return Err(Refused::TOO_LARGE),
        Err(_) if says_other_version(input) => return Err(Refused::OLD_PROTOCOL),
        Err(_) => return Err(Refused::MALFORMED),
    };
    let head = Head::of(&request)?;
    input.drain(..used);
    Ok(Some(head))
}

// Whether the first line ends as that of a request does, in a version that nobody speaks.
fn says_other_version(input: &[u8]) -> bool {
    let line = input
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
    match version.and_then(|version| version.strip_prefix(b"HTTP/")) {
        Some([major, b'.', minor]) => {
            major.is_ascii_digit()
                && minor.is_ascii_digit()
                && !matches!((major, minor), (b'1', b'0' | b'1'))
        }
        _ => false,
    }
}

// === impl Head ===

impl Head {
    fn of(request: &httparse::Request<'_, '_>) -> Result<Self, Refused> {
        let target = request.path.unwrap_or_default();
        let mut headers = HeaderMap::default();
        for header in request.headers.iter() {
            headers.add(header.name.as_bytes(), header.value);
        }
        let method = request.method.unwrap_or_default().parse();
        Ok(Self {
            target: target.as_bytes().to_vec(),
            body: framing(&headers)?,
            close: lists(&headers, b"connection", "close"),
            expects: lists(&headers, b"expect", "100-continue"),
            request: RequestHead {
                version: match request.version {
                    Some(1) => Version::HTTP_11,
                    _ => Version::HTTP_10,
                },
                method: method.map_err(|_| Refused::MALFORMED)?,
                uri: target.parse().map_err(|_| Refused::MALFORMED)?,
                headers,
            },
        })
    }
}

fn framing(headers: &HeaderMap) -> Result<Decoder, Refused> {
    let mut lengths = headers.get_all(b"content-length");
    let coded = headers.get(b"transfer-encoding").is_some();
    // Who says it twice, or in two ways, means to be understood in two ways (RFC 9112 section 6.3).
    match (coded, lengths.next(), lengths.next()) {
        (true, None, _) => Ok(Decoder::ChunkSize),
        (false, None, _) => Ok(Decoder::Done),
        (false, Some(length), None) => number(length)
            .map(Decoder::of_length)
            .ok_or(Refused::MALFORMED),
        _ => Err(Refused::MALFORMED),
    }
}

/// Digits, and nothing else.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    let digits = value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()
}

/// Whether a token is in a list of them.
pub(super) fn lists(headers: &HeaderMap, name: &[u8], token: &str) -> bool {
    let mut values = headers.get_all(name);
    values.any(|value| {
        let mut tokens = value.split(|byte| *byte == b',');
        tokens.any(|it| it.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}
