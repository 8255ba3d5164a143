//! The head of a request, out of the bytes of its connection.

use http::Version;
use httparse::{EMPTY_HEADER, Error, Status};

use super::decode::{Decoder, MAX_HEADERS};
use super::lines;
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
    let parsed = match parse(input) {
        Ok(parsed) => parsed,
        Err(Error::TooManyHeaders) => return Err(Refused::TOO_LARGE),
        Err(_) => parse_odd(input)?,
    };
    match parsed {
        Some((head, used)) => {
            input.drain(..used);
            head.map(Some)
        }
        None if input.len() > MAX_HEAD => Err(Refused::TOO_LARGE),
        None => Ok(None),
    }
}

// A head, and how many bytes it takes; none if there is more to come of it.
type Parsed = Option<(Result<Head, Refused>, usize)>;

fn parse(input: &[u8]) -> Result<Parsed, Error> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    Ok(match request.parse(input)? {
        Status::Complete(used) => Some((Head::of(&request), used)),
        Status::Partial => None,
    })
}

// What is refused is refused as soon as the first line is there, or else with the whole head.
fn parse_odd(input: &[u8]) -> Result<Parsed, Refused> {
    let empty = input.iter().take_while(|byte| b"\r\n".contains(byte));
    let empty = empty.count();
    let rest = input.get(empty..).unwrap_or_default();
    let Some(line) = lines::first(rest) else {
        return Ok(None);
    };
    let words = lines::words(line).ok_or(Refused::MALFORMED)?;
    let line = match words.as_slice() {
        [_, _, version] if is_spoken(version)? => words.join(" "),
        [_, _] => return Err(Refused::OLD_PROTOCOL),
        _ => return Err(Refused::MALFORMED),
    };
    let Some((head, used)) = lines::block(rest) else {
        return Ok(None);
    };
    if lines::has_control(head) {
        return Err(Refused::CHARACTERS);
    }
    let start = head
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or_default()
        + 1;
    let headers = lines::plain(head.get(start..).unwrap_or_default());
    let headers = headers.ok_or(Refused::MALFORMED)?;
    let plain = [line.as_bytes(), b"\r\n", &headers].concat();
    match parse(&plain) {
        Ok(Some((head, _))) => Ok(Some((head, empty + used))),
        Err(Error::TooManyHeaders) => Err(Refused::TOO_LARGE),
        Ok(None) | Err(_) => Err(Refused::MALFORMED),
    }
}

// A version of HTTP that somebody speaks; others are told so.
fn is_spoken(version: &str) -> Result<bool, Refused> {
    match version.strip_prefix("HTTP/").map(str::as_bytes) {
        Some([b'1', b'.', b'0' | b'1']) => Ok(true),
        Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(Refused::OLD_PROTOCOL)
        }
        _ => Ok(false),
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
                uri: target.parse().map_err(|_| match target.contains("://") {
                    true => Refused::URL,
                    false => Refused::MALFORMED,
                })?,
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
        (true, Some(_), _) => Err(Refused::LENGTH_AND_CHUNKS),
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
