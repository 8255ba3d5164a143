//! The lines of a head that are odd, and that Envoy's parser (Balsa) takes all the same, as those that any parser takes.

use httparse::{EMPTY_HEADER, Status, parse_headers};

use super::decode::{MAX_HEADERS, Malformed};
use crate::host::header_map::HeaderMap;

/// What is around the words of a first line.
const BLANKS: [char; 2] = [' ', '\t'];

/// The first line, without its end; none if there is more to come of it.
pub(super) fn first(input: &[u8]) -> Option<&[u8]> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let line = input.get(..end)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The words of a first line; none if it begins with a blank, or is no text.
pub(super) fn words(line: &[u8]) -> Option<Vec<&str>> {
    let line = std::str::from_utf8(line).ok()?;
    if line.starts_with(BLANKS) {
        return None;
    }
    Some(line.split(BLANKS).filter(|word| !word.is_empty()).collect())
}

/// Adds header lines up to the blank one to a map, and says how many bytes they take; none if there is more to come of
/// them. Odd ones are looked at once they are all there.
pub(super) fn headers(input: &[u8], map: &mut HeaderMap) -> Result<Option<usize>, Malformed> {
    if let Ok(parsed) = add_plain(input, map) {
        return Ok(parsed);
    }
    let Some((block, used)) = block(input) else {
        return Ok(None);
    };
    let plain = plain(block).ok_or(Malformed)?;
    match add_plain(&plain, map)? {
        Some(_) => Ok(Some(used)),
        None => Err(Malformed),
    }
}

fn add_plain(input: &[u8], map: &mut HeaderMap) -> Result<Option<usize>, Malformed> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    match parse_headers(input, &mut headers).map_err(|_| Malformed)? {
        Status::Partial => Ok(None),
        Status::Complete((used, headers)) => {
            for header in headers {
                map.add(header.name.as_bytes(), header.value);
            }
            Ok(Some(used))
        }
    }
}

/// Header lines up to the blank one, and how many bytes they take; none if there is more to come of them.
pub(super) fn block(input: &[u8]) -> Option<(&[u8], usize)> {
    let mut end = 0;
    loop {
        let line = first(input.get(end..)?)?;
        let next = end + input.get(end..)?.iter().position(|byte| *byte == b'\n')? + 1;
        if line.is_empty() {
            return Some((input.get(..next)?, next));
        }
        end = next;
    }
}

/// Those lines without folds and without CRs in values; none if they begin with a fold.
///
/// A folded line (RFC 9112 section 5.2) goes on where the one before it ended, its blanks included.
pub(super) fn plain(block: &[u8]) -> Option<Vec<u8>> {
    let mut plain: Vec<u8> = Vec::with_capacity(block.len());
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        let line = first(line).unwrap_or_default();
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.unwrap_or(line.len()));
            plain.extend_from_slice(name);
            push_value(value, &mut plain);
        } else if plain.is_empty() {
            return None;
        } else {
            plain.truncate(plain.len() - b"\r\n".len());
            push_value(line, &mut plain);
        }
        plain.extend_from_slice(b"\r\n");
    }
    Some(plain)
}

fn push_value(value: &[u8], plain: &mut Vec<u8>) {
    plain.extend(value.iter().filter(|byte| **byte != b'\r'));
}

/// Whether there is a byte that no head may have.
pub(super) fn has_control(head: &[u8]) -> bool {
    let mut bytes = head.iter();
    bytes.any(|byte| byte.is_ascii_control() && !b"\r\n\t".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_go_on_where_the_line_before_ended() {
        let (lines, used) = block(b"a: one\r\n \r\n\ttwo\r\nb: x\ry\r\n\r\nbody").unwrap();
        assert_eq!(plain(lines).unwrap(), b"a: one \ttwo\r\nb: xy\r\n\r\n");
        assert_eq!(used, lines.len());
        assert_eq!(plain(b" a: one\r\n\r\n"), None);
        assert_eq!(block(b"a: one\r\n"), None);
    }

    #[test]
    fn words_may_be_far_apart() {
        assert_eq!(
            words(b"GET \t/  HTTP/1.1 ").unwrap(),
            ["GET", "/", "HTTP/1.1"]
        );
        assert_eq!(words(b" GET / HTTP/1.1"), None);
    }
}
