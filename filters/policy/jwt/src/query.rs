//! Query parameters: find the first of a name, or cut it out of a path and leave every other byte as it was.
//!
//! Envoy decodes and sorts the whole query when it removes a token, which lets `%26` become a new parameter (rule J18).
//! We cut bytes out instead: a documented deviation.

use std::borrow::Cow;

use meshwright_core::path;
use percent_encoding::percent_decode;

/// The decoded value of the first parameter called `name`; one without `=` has an empty value (rule J14).
pub(crate) fn first<'a>(query: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
    query
        .split(|byte| *byte == b'&')
        .map(name_and_value)
        .find(|(key, _)| is_named(key, name))
        .map(|(_, value)| percent_decode(value).into())
}

/// `path` without the parameters called `name`; a `?` that nothing follows goes too.
pub(crate) fn without(path: &[u8], name: &str) -> Vec<u8> {
    let query = path::query(path).unwrap_or_default();
    let kept: Vec<&[u8]> = query
        .split(|byte| *byte == b'&')
        .filter(|pair| !is_named(name_and_value(pair).0, name))
        .collect();
    let mark: &[u8] = if kept.is_empty() { b"" } else { b"?" };
    [
        path::path_without_query(path),
        mark,
        &kept.join(&b'&'),
        fragment(path),
    ]
    .concat()
}

fn name_and_value(pair: &[u8]) -> (&[u8], &[u8]) {
    let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
        return (pair, b"");
    };
    (
        pair.get(..equals).unwrap_or_default(),
        pair.get(equals + 1..).unwrap_or_default(),
    )
}

fn is_named(key: &[u8], name: &str) -> bool {
    percent_decode(key).eq(name.bytes())
}

fn fragment(path: &[u8]) -> &[u8] {
    let start = path
        .iter()
        .position(|byte| *byte == b'#')
        .unwrap_or(path.len());
    path.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(query: &str) -> Option<String> {
        first(query.as_bytes(), "t").map(|value| String::from_utf8(value.into_owned()).unwrap())
    }

    fn cut(path: &str) -> String {
        String::from_utf8(without(path.as_bytes(), "t")).unwrap()
    }

    #[test]
    fn the_first_parameter_of_the_name_counts() {
        assert_eq!(value("a=1&t=2&t=3").as_deref(), Some("2"));
        assert_eq!(value("tt=1&T=2"), None);
        assert_eq!(value(""), None);
    }

    #[test]
    fn an_empty_value_is_a_value() {
        assert_eq!(value("t=").as_deref(), Some(""));
        assert_eq!(value("t").as_deref(), Some(""));
    }

    #[test]
    fn names_and_values_are_percent_decoded() {
        assert_eq!(value("%74=a%2eb").as_deref(), Some("a.b"));
        assert_eq!(value("t=a=b").as_deref(), Some("a=b"));
    }

    #[test]
    fn the_rest_of_the_query_keeps_its_bytes_and_order() {
        assert_eq!(
            cut("/p?b=%2f%26x&t=J&flag&a=%20+"),
            "/p?b=%2f%26x&flag&a=%20+"
        );
        assert_eq!(cut("/p?t=J&b=1"), "/p?b=1");
        assert_eq!(cut("/p?b=1&%74=J"), "/p?b=1");
        assert_eq!(cut("/p?b=1&&t=J"), "/p?b=1&");
    }

    #[test]
    fn a_query_of_nothing_else_goes_with_its_mark() {
        assert_eq!(cut("/p?t=J"), "/p");
        assert_eq!(cut("/p?t=J#f"), "/p#f");
        assert_eq!(cut("/p?t=1&t=2"), "/p");
    }
}
