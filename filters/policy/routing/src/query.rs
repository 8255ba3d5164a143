//! Query parameters as Envoy's route matching reads them (rule R8): nothing is decoded, the first value counts.

/// The first value of `name` in a query; a name without `=` has the empty value.
pub(crate) fn first_value<'q>(query: &'q [u8], name: &[u8]) -> Option<&'q [u8]> {
    query.split(|b| *b == b'&').find_map(|parameter| {
        let mut parts = parameter.splitn(2, |b| *b == b'=');
        (parts.next()? == name).then(|| parts.next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::first_value;

    #[test]
    fn the_first_value_counts() {
        assert_eq!(first_value(b"k=a&k=b", b"k"), Some(&b"a"[..]));
    }

    #[test]
    fn a_bare_name_and_an_empty_value_are_the_same() {
        assert_eq!(first_value(b"x=1&k", b"k"), Some(&b""[..]));
        assert_eq!(first_value(b"k=", b"k"), Some(&b""[..]));
    }

    #[test]
    fn nothing_is_decoded() {
        assert_eq!(first_value(b"k=%76", b"k"), Some(&b"%76"[..]));
        assert_eq!(first_value(b"%6b=v", b"k"), None);
        assert_eq!(first_value(b"k=a+b", b"k"), Some(&b"a+b"[..]));
    }

    #[test]
    fn only_ampersands_separate() {
        assert_eq!(first_value(b"a=1;k=2", b"k"), None);
        assert_eq!(first_value(b"a=1;k=2", b"a"), Some(&b"1;k=2"[..]));
    }

    #[test]
    fn later_equals_signs_belong_to_the_value() {
        assert_eq!(first_value(b"k=a=b", b"k"), Some(&b"a=b"[..]));
    }

    #[test]
    fn names_are_case_sensitive_and_whole() {
        assert_eq!(first_value(b"K=1&kk=2", b"k"), None);
        assert_eq!(first_value(b"", b"k"), None);
    }
}
