use super::*;

fn full_match(pattern: &str, value: &[u8]) -> bool {
    Regex::new(pattern).unwrap().matches(value)
}

fn refused(pattern: &str) -> String {
    Regex::new(pattern).unwrap_err().message
}

#[test]
fn the_whole_value_must_match() {
    assert!(full_match("/a", b"/a"));
    assert!(!full_match("/a", b"/ab"));
    assert!(!full_match("/a", b"x/a"));
    assert!(!full_match("a|b", b"ab"));
}

#[test]
fn a_group_cannot_be_closed_to_escape_the_anchors() {
    assert!(refused("a)|(?:b").contains("a `)` closes no group"));
    assert!(refused("(a").contains("no closing `)`"));
}

#[test]
fn a_dot_is_one_byte_of_any_value_but_newline() {
    assert!(full_match("a.c", b"a\xe9c"));
    assert!(!full_match("a.c", "aéc".as_bytes()));
    assert!(full_match("a..c", "aéc".as_bytes()));
    assert!(!full_match(".+", b"a\nb"));
    assert!(full_match("(?s).+", b"a\nb"));
}

#[test]
fn literals_beyond_ascii_are_their_utf8_bytes() {
    assert!(full_match("caf\u{e9}", "café".as_bytes()));
    assert!(!full_match("caf\u{e9}", b"caf\xe9"));
    assert!(full_match(r"caf\xe9", b"caf\xe9"));
}

#[test]
fn every_byte_is_matched_by_the_class_of_all_bytes() {
    let any = Regex::new(r"\C").unwrap();
    assert!((0..=u8::MAX).all(|byte| any.matches(&[byte])));
}

#[test]
fn perl_classes_and_their_complements_split_the_bytes() {
    for (class, complement) in [(r"\d", r"\D"), (r"\s", r"\S"), (r"\w", r"\W")] {
        let (class, complement) = (Regex::new(class).unwrap(), Regex::new(complement).unwrap());
        assert!(
            (0..=u8::MAX).all(|byte| class.matches(&[byte]) != complement.matches(&[byte])),
            "{class:?}"
        );
    }
}

#[test]
fn a_vertical_tab_is_no_perl_space_but_a_posix_one() {
    assert!(!full_match(r"\s", b"\x0b"));
    assert!(!full_match(r"[\s]", b"\x0b"));
    assert!(full_match("[[:space:]]", b"\x0b"));
    assert!(full_match("[[:^space:]]", b"a"));
}

#[test]
fn set_operators_of_other_dialects_are_literals_in_a_class() {
    assert!(full_match("[a-z&&[x]", b"&"));
    assert!(full_match("[a-z&&[x]", b"["));
    assert!(full_match("[a-z&&[x]", b"b"));
    assert!(full_match("[~~]", b"~"));
}

#[test]
fn brackets_and_dashes_in_a_class_follow_re2() {
    assert!(full_match("[]a]+", b"]a"));
    assert!(full_match("[^]a]", b"b"));
    assert!(full_match("[a-c-e]+", b"a-e"));
    assert!(!full_match("[a-c-e]", b"d"));
    assert!(full_match("[a-]+", b"a-"));
    assert!(full_match(r"[\d-z]+", b"1-z"));
    assert!(full_match(r"[\-\]]+", b"-]"));
}

#[test]
fn a_negated_class_matches_newline() {
    assert!(full_match("[^a]", b"\n"));
}

#[test]
fn quotes_are_literal_up_to_their_end() {
    assert!(full_match(r"\Qa.b*\E+", b"a.b**"));
    assert!(full_match(r"\Q(x", b"(x"));
    assert!(!full_match(r"\Qa.b\E", b"axb"));
}

#[test]
fn braces_that_are_no_repetition_are_literals() {
    assert!(full_match("{a}", b"{a}"));
    assert!(full_match("a{,2}", b"a{,2}"));
    assert!(full_match("a{2,3}", b"aaa"));
    assert!(!full_match("a{2,3}", b"a"));
    assert!(full_match("a{2,}?", b"aaaa"));
}

#[test]
fn word_boundaries_do_not_take_braces_or_angle_brackets() {
    assert!(!full_match(r"\b{start}a", b"a"));
    assert!(full_match(r"\<a\>", b"<a>"));
    assert!(full_match(r"a\b.b", b"a b"));
    assert!(full_match(r"a\Bb", b"ab"));
}

#[test]
fn flags_are_those_of_re2() {
    assert!(full_match("(?i)abc", b"aBC"));
    assert!(full_match("(?i:a)b", b"Ab"));
    assert!(!full_match("(?i:a)b", b"AB"));
    assert!(full_match("(?U)a+", b"aaa"));
    assert!(full_match("(?m)a$\nb", b"a\nb"));
    assert!(refused("(?x)a b").contains("is not an RE2 group"));
    assert!(refused("(?u)a").contains("is not an RE2 group"));
}

#[test]
fn folding_case_beyond_ascii_is_refused() {
    assert!(refused("(?i)\u{e9}").contains("beyond ASCII"));
    assert!(refused(r"(?i)[a-\xff]").contains("beyond ASCII"));
    assert!(full_match("(?-i)\u{e9}", "é".as_bytes()));
}

#[test]
fn names_of_groups_are_read_and_forgotten() {
    assert!(full_match("(?P<a>x)(?<b>y)", b"xy"));
    assert!(refused("(?P<a!>x)").contains("is not a group name"));
}

#[test]
fn repetitions_that_re2_refuses_are_refused() {
    for pattern in ["*", "a**", "a+?*", "a{2}{3}", "(|*)", "(?i)*", "|+"] {
        assert!(refused(pattern).contains("repeat"), "{pattern}");
    }
    assert!(refused("a{1001}").contains("between 0 and 1000"));
    assert!(refused("a{01}").contains("between 0 and 1000"));
    assert!(refused("a{3,2}").contains("ends before it starts"));
}

#[test]
fn escapes_without_the_same_meaning_are_refused() {
    for pattern in [
        r"\pL",
        r"\p{Greek}",
        r"\1",
        r"\012",
        r"\Z",
        r"\u0041",
        r"\G",
        r"\E",
        r"\x{100}",
        r"\x4",
        r"\x{}",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        r"[\b]",
        r"[a-\d]",
    ] {
        assert!(Regex::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn broken_patterns_are_refused() {
    for pattern in [
        "",
        "\\",
        "[",
        "[a",
        "[z-a]",
        "[[:foo:]]",
        "[[:alpha]",
        "(?",
        "(?i",
        "(?P<a",
    ] {
        assert!(Regex::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn patterns_are_bounded_in_length_and_size() {
    assert!(Regex::new(&"a".repeat(1024)).is_ok());
    assert!(refused(&"a".repeat(1025)).contains("longer than 1024"));
    assert!(Regex::new("((a{1000}){1000}){1000}").is_err());
    assert!(Regex::new(&"(".repeat(1024)).is_err());
}

#[test]
fn the_error_shows_the_pattern() {
    assert_eq!(
        refused("a**"),
        "the regular expression `a**` cannot be used: `*` repeats a repetition"
    );
}
