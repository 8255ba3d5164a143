//! Taking `:path` apart.

/// The path up to the first `?` or `#`.
#[must_use]
pub fn path_without_query(path: &[u8]) -> &[u8] {
    let end = path.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(path.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_ends_at_the_fragment() {
        assert_eq!(path_without_query(b"/a?b#c"), b"/a");
        assert_eq!(query(b"/a?b=1#c"), Some(&b"b=1"[..]));
        assert_eq!(query(b"/a#c?b"), None);
        assert_eq!(query(b"/a?"), Some(&b""[..]));
    }
}
