//! The string forms of AuthorizationPolicy: exact, `prefix*`, `*suffix` and `*` (rules A12, A13).
//! Values are bytes, compared as they are; what `*` asks for depends on the field, so the caller says which.

/// One value of an AuthorizationPolicy string field (rule A12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `abc`: the whole value.
    Exact(Box<[u8]>),
    /// `abc*`: how the value starts.
    Prefix(Box<[u8]>),
    /// `*abc`: how the value ends.
    Suffix(Box<[u8]>),
    /// `*` on a header, host or method: there is a value, even an empty one (rule A13).
    Present,
    /// `*` on any other field: the regular expression `.+`, so neither empty nor with a line feed (rule A13).
    NonEmptyLine,
}

// === impl Pattern ===

impl Pattern {
    /// Reads a value of a field that Envoy matches as a header: `request.headers`, hosts, methods (rule A13).
    #[must_use]
    pub fn for_header(value: &str) -> Self {
        Self::parse(value, Self::Present)
    }

    /// Reads a value of a field that Envoy matches as a string: paths, principals, claims, SNI (rule A13).
    #[must_use]
    pub fn for_text(value: &str) -> Self {
        Self::parse(value, Self::NonEmptyLine)
    }

    /// Whether `value` has this form.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(expected) => value == &**expected,
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Suffix(suffix) => value.ends_with(suffix),
            Self::Present => true,
            Self::NonEmptyLine => !value.is_empty() && is_one_line(value),
        }
    }

    // The leading star is looked for first, so `*a*` is a suffix match on a literal `a*` (rule A12).
    fn parse(value: &str, presence: Self) -> Self {
        if value == "*" {
            return presence;
        }
        if let Some(suffix) = value.strip_prefix('*') {
            return Self::Suffix(suffix.as_bytes().into());
        }
        match value.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.as_bytes().into()),
            None => Self::Exact(value.as_bytes().into()),
        }
    }
}

/// Whether the `.` of a regular expression can stand for every byte of `value`: it excludes only the line feed.
pub(crate) fn is_one_line(value: &[u8]) -> bool {
    !value.contains(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_value_matches_only_itself() {
        let pattern = Pattern::for_text("abc");
        assert!(pattern.matches(b"abc"));
        assert!(!pattern.matches(b"abcd") && !pattern.matches(b"ABC") && !pattern.matches(b""));
    }

    #[test]
    fn trailing_star_is_a_prefix_that_matches_itself_too() {
        let pattern = Pattern::for_text("/info*");
        assert!(
            pattern.matches(b"/info")
                && pattern.matches(b"/info/x")
                && pattern.matches(b"/information")
        );
        assert!(!pattern.matches(b"/inf"));
    }

    #[test]
    fn leading_star_is_a_suffix() {
        let pattern = Pattern::for_text("*.com");
        assert!(pattern.matches(b".com") && pattern.matches(b"a.com"));
        assert!(!pattern.matches(b"a.com "));
    }

    #[test]
    fn leading_star_is_looked_for_first() {
        assert_eq!(Pattern::for_text("*a*"), Pattern::Suffix(b"a*"[..].into()));
        assert_eq!(Pattern::for_header("**"), Pattern::Suffix(b"*"[..].into()));
    }

    #[test]
    fn star_inside_is_literal() {
        assert!(Pattern::for_text("a*b").matches(b"a*b"));
        assert!(!Pattern::for_text("a*b").matches(b"axb"));
    }

    #[test]
    fn header_presence_accepts_an_empty_value() {
        assert!(Pattern::for_header("*").matches(b""));
        assert!(Pattern::for_header("*").matches(b"a\nb"));
    }

    #[test]
    fn text_presence_refuses_an_empty_value_and_a_line_feed() {
        let pattern = Pattern::for_text("*");
        assert!(pattern.matches(b"a") && pattern.matches(b"\xff\r"));
        assert!(!pattern.matches(b"") && !pattern.matches(b"a\nb"));
    }
}
