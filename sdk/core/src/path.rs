//! Taking `:path` apart.

/// The path up to the first `?` or `#`.
#[must_use]
pub fn path_without_query(path: &[u8]) -> &[u8] {
    let end = path
        .iter()
        .position(|b| matches!(b, b'?' | b'#'))
        .unwrap_or(path.len());
    path.get(..end).unwrap_or(path)
}

/// What follows the first `?`, up to a `#`; `None` without a `?`.
#[must_use]
pub fn query(path: &[u8]) -> Option<&[u8]> {
    let fragment = path.iter().position(|b| *b == b'#').unwrap_or(path.len());
    let before = path.get(..fragment)?;
    let mark = before.iter().position(|b| *b == b'?')?;
    before.get(mark + 1..)
}

/// Normalises `:path` as Envoy does with `normalize_path` (rule A19, Istio's BASE): a parameter after a dot segment is
/// cut off (`/..;x/` is `/../`), unreserved `%XX` decoded, `\\` turned into `/`, what no path may hold encoded, dot
/// segments resolved (RFC 3986 section 5.2.4). The query stays as it is. `None` for a path that must be refused: one
/// with a NUL, raw or encoded.
#[must_use]
pub fn normalize(path_and_query: &[u8]) -> Option<Vec<u8>> {
    let path = path_without_query(path_and_query);
    let rest = path_and_query.get(path.len()..)?;
    if !path.starts_with(b"/") {
        return Some(path_and_query.to_vec());
    }
    let mut normalized = resolve_dot_segments(&recode(&cut_dot_parameters(path))?);
    normalized.extend_from_slice(rest);
    Some(normalized)
}

// Only where the dots are written out, and before anything is decoded: `/%2e%2e;/` keeps its parameter, and a `\` does
// not end one (CVE-2026-73551).
fn cut_dot_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|byte| *byte == b'/').map(|segment| {
        let end = segment.iter().position(|byte| *byte == b';');
        match end.and_then(|end| segment.get(..end)) {
            Some(dots @ (b"." | b"..")) => dots,
            _ => segment,
        }
    });
    segments.collect::<Vec<_>>().join(&b'/')
}

fn recode(path: &[u8]) -> Option<Vec<u8>> {
    let mut recoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        match (byte, encoded_byte(path, at)) {
            (0, _) | (_, Some(0)) => return None,
            (b'\\', _) => recoded.push(b'/'),
            (_, Some(unreserved)) if is_unreserved(unreserved) => {
                recoded.push(unreserved);
                at += 2;
            }
            (byte, _) if must_be_encoded(byte) => {
                recoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
            }
            (byte, _) => recoded.push(byte),
        }
        at += 1;
    }
    Some(recoded)
}

fn encoded_byte(path: &[u8], at: usize) -> Option<u8> {
    match path.get(at..at.checked_add(3)?)? {
        [b'%', high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

// What Envoy's URL canonicaliser (that of Chromium) does not leave in a path.
fn must_be_encoded(byte: u8) -> bool {
    !matches!(byte, 0x21..=0x7e)
        || matches!(byte, b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn resolve_dot_segments(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_dots = false;
    for segment in path.split(|byte| *byte == b'/').skip(1) {
        ends_in_dots = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push(b"");
    }
    let mut resolved = Vec::with_capacity(path.len());
    for segment in kept {
        resolved.push(b'/');
        resolved.extend_from_slice(segment);
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_as_envoy_answered() {
        for (path, normalized) in [
            ("/a/../b?x=/../y", "/b?x=/../y"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/./b/.", "/a/b/"),
            ("/../..", "/"),
            ("/a//b", "/a//b"),
            ("/a\\b", "/a/b"),
            ("/%61%2Fb%zz", "/a%2Fb%zz"),
            ("/", "/"),
            ("*", "*"),
            ("/a//b/../c", "/a//c"),
            ("//a", "//a"),
            ("///", "///"),
            ("/../a", "/a"),
            ("/..", "/"),
            ("/.", "/"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../", "/a/"),
            ("/a/../..", "/"),
            ("/a/%2E%2e/b", "/b"),
            ("/a/.%2e/b", "/b"),
            ("/%2e", "/"),
            ("/a%2fb", "/a%2fb"),
            ("/a%5Cb", "/a%5Cb"),
            ("/a\\..\\b", "/b"),
            ("/a/%5c../b", "/a/%5c../b"),
            ("/a%0a", "/a%0a"),
            ("/a%", "/a%"),
            ("/a%2", "/a%2"),
            ("/a%%41", "/a%A"),
            ("/%7e%2d%5f", "/~-_"),
            ("/%252e%252e/a", "/%252e%252e/a"),
            ("/%c3%a9", "/%c3%a9"),
            ("/a..;/b", "/a..;/b"),
            ("/..;/a", "/a"),
            ("/a/..;x=1/b", "/b"),
            ("/a/.;/b", "/a/b"),
            ("/a/..;", "/"),
            ("/a/.;", "/a/"),
            ("/a/..;?q", "/?q"),
            ("/a/%2e%2e;/b", "/a/..;/b"),
            ("/a/..%3b/b", "/a/..%3b/b"),
            ("/a/...;/b", "/a/...;/b"),
            ("/a/.;x/../b", "/b"),
            ("/a/b;/..;/c", "/a/c"),
            ("/a/..;\\b", "/"),
            ("/a\\..;/b", "/a/..;/b"),
            ("/a/..;%00", "/"),
            ("/a/.%2e;a=b/..;c/d", "/a/d"),
            ("/a;x=1/../b", "/b"),
            ("/;/a", "/;/a"),
            ("/a/...", "/a/..."),
            ("/a/..b", "/a/..b"),
            ("/a\"b", "/a%22b"),
            ("/a<b>", "/a%3Cb%3E"),
            ("/a|b", "/a%7Cb"),
            ("/a^b", "/a%5Eb"),
            ("/a{b}", "/a%7Bb%7D"),
            ("/a`b", "/a%60b"),
            ("/a[b]", "/a[b]"),
            ("/a'b", "/a'b"),
            ("/a!$&()*+,=:@", "/a!$&()*+,=:@"),
            ("/a?x=\\y", "/a?x=\\y"),
            ("/a??", "/a??"),
            ("/?%00", "/?%00"),
            ("/%2F..%2f", "/%2F..%2f"),
        ] {
            assert_eq!(
                normalize(path.as_bytes()).unwrap(),
                normalized.as_bytes(),
                "{path}"
            );
        }
        for refused in [&b"/a%00"[..], b"/a\0", b"/.%00", b"/a/%00/.."] {
            assert_eq!(normalize(refused), None);
        }
    }

    #[test]
    fn query_ends_at_the_fragment() {
        assert_eq!(path_without_query(b"/a?b#c"), b"/a");
        assert_eq!(query(b"/a?b=1#c"), Some(&b"b=1"[..]));
        assert_eq!(query(b"/a#c?b"), None);
        assert_eq!(query(b"/a?"), Some(&b""[..]));
    }
}
