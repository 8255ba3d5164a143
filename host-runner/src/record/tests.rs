//! What is written reads back as what was seen.

use std::time::SystemTime;

use super::case::Case;
use super::tape::{Message, Seen};
use super::text::{scalar, template};
use crate::scenario::client::Protocol;
use crate::scenario::template::{Names, Template};
use crate::yaml::Source;

fn seen() -> Seen {
    let headers = |pairs: &[(&str, &str)]| Message {
        headers: pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        ..Message::default()
    };
    let mut seen = Seen::new(SystemTime::UNIX_EPOCH, Protocol::Http1);
    seen.method = "GET".to_owned();
    seen.path = "/a".to_owned();
    seen.authority = b"a.example".to_vec();
    seen.request = headers(&[
        ("host", "a.example"),
        ("x-tag", "1"),
        ("x-tag", "2"),
        ("x-gone", "3"),
    ]);
    seen.cluster = Some("c".to_owned());
    seen.sent = headers(&[
        (":method", "GET"),
        ("x-tag", "1"),
        ("x-tag", "2"),
        ("x-request-id", "r"),
    ]);
    seen.answer = headers(&[(":status", "200"), ("content-length", "0")]);
    seen.response = headers(&[(":status", "200"), ("date", "today"), ("x-from", "c")]);
    seen.whole = true;
    seen
}

#[test]
fn any_bytes_come_back_from_template_and_yaml() {
    let texts: [&[u8]; 14] = [
        b"plain",
        b"",
        b"{{token:x}} {{{ }}} {",
        b"{\xff{\x00",
        b"\"quoted\" \\ : # - ?",
        "\u{7f}\u{85}\u{2028}\u{feff}\u{e9}".as_bytes(),
        b"one\ntwo\n",
        b"one\n\n  two: {\"a\": 1}\n---\nlast",
        b" indented\nfirst",
        b"ends with lines\n\n",
        b"carriage\r\nreturn",
        b"\n",
        b"tab\tand\n\tindented",
        b"trailing \nspace ",
    ];
    for bytes in texts {
        for indent in [2, 6] {
            let yaml = format!(
                "a:\n{:1$}b: {2}\nc: d\n",
                "",
                indent - 1,
                scalar(&template(bytes), indent)
            );
            let value = Source::new("t", yaml.as_str())
                .only_document()
                .unwrap()
                .value();
            let value = value.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            let text = value.pointer("/a/b").and_then(|it| it.as_str()).unwrap();
            let read: Template = text.parse().unwrap();
            assert_eq!(read.render(&Names::default()).unwrap(), bytes, "{yaml}");
            assert_eq!(value.pointer("/c").unwrap(), "d");
        }
    }
}

#[test]
fn a_case_says_what_was_sent_and_got_without_what_proxies_make() {
    let yaml = Case::of(&seen(), false).unwrap().yaml(7);
    assert_eq!(
        yaml,
        r#"- name: "7: GET /a is answered 200"
  request:
    method: "GET"
    path: "/a"
    authority: "a.example"
    headers:
      x-tag: ["1", "2"]
      x-gone: "3"
  upstream:
    status: 200
    body: ""
  expect:
    status: 200
    headers:
      x-from: "c"
    body: ""
    upstream:
      cluster: "c"
      method: "GET"
      headers:
        x-tag: ["1", "2"]
        x-gone: null
      body: ""
"#
    );
}

#[test]
fn what_a_scenario_cannot_say_is_refused_in_a_sentence() {
    let why = |change: fn(&mut Seen)| {
        let mut seen = seen();
        change(&mut seen);
        Case::of(&seen, false).unwrap_err()
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    assert!(why(|it| it.method = "CONNECT".to_owned()).contains("tunnels"));
    assert!(why(|it| it.path = "/a#b".to_owned()).contains("cannot be sent"));
    assert!(why(|it| it.path = "*".to_owned()).contains("no such path"));
    assert!(why(|it| it.authority = b"\xff".to_vec()).contains("authority"));
    assert!(why(|it| it.answer = Message::default()).contains("did not answer"));
    assert!(why(|it| it.whole = false).contains("did not get all"));
    assert!(why(|it| it.trouble = Some("it broke off")).contains("broke off"));
    let mut trailing = seen();
    trailing.request.trailers.push(header("x", "y"));
    assert!(
        Case::of(&trailing, false)
            .unwrap_err()
            .contains("HTTP/1 trailers")
    );
}

#[test]
fn secrets_are_recorded_only_when_asked_for() {
    for (name, value) in [
        ("authorization", "Basic x"),
        ("cookie", "a=b"),
        (
            "x-goog-iap-jwt-assertion",
            "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.sig",
        ),
    ] {
        let mut seen = seen();
        let header = (name.to_owned(), value.as_bytes().to_vec());
        seen.request.headers.push(header);
        let why = Case::of(&seen, false).unwrap_err();
        assert!(
            why.contains("`--with-secrets`") && !why.contains(value),
            "{why}"
        );
        assert!(Case::of(&seen, true).unwrap().yaml(1).contains(value));
    }
    let mut in_path = seen();
    in_path.path = "/a?access_token=eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.".to_owned();
    assert!(
        Case::of(&in_path, false)
            .unwrap_err()
            .contains("in its path")
    );
}
