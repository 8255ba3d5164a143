//! `test --bless`: expected values that do not hold are rewritten, and nothing else.

use std::fs;

use crate::command::{Folder, modules};

/// One case for each way in which values are written, and one that holds.
const WRONG: &str = r#"# A comment at the top.
plugins:
- module: authz
  configuration: {policies: [{name: get, namespace: default, rules: [{to: [{operation: {methods: [GET]}}]}]}]}
keys:
  demo: {secret: c2VjcmV0}
tokens:
  good: {key: demo, claims: {sub: jason}}
cases:
- name: everything is wrong   # and this stays
  request: {path: /a, token: good, headers: {x-tag: [one, two]}}
  upstream: {body: "line one\nline two", headers: {x-from: there}}
  expect:
    status: 403               # a number
    body: |
      RBAC: access denied
    headers: {X-From: 'here', x-gone: gone}
    upstream:
      cluster: upstream
      path: "/b"
      headers:
        x-tag: one
        authorization: Bearer x

- {name: in flow, request: {method: POST}, expect: {status: 200, upstream: {cluster: upstream}, body: ok}}
- name: nothing was expected there
  request: {}
  upstream: {body: ok}
  expect: {upstream: none}
- name: right
  request: {}
  expect: {status: 200}
"#;

const RIGHT: &str = r#"# A comment at the top.
plugins:
- module: authz
  configuration: {policies: [{name: get, namespace: default, rules: [{to: [{operation: {methods: [GET]}}]}]}]}
keys:
  demo: {secret: c2VjcmV0}
tokens:
  good: {key: demo, claims: {sub: jason}}
cases:
- name: everything is wrong   # and this stays
  request: {path: /a, token: good, headers: {x-tag: [one, two]}}
  upstream: {body: "line one\nline two", headers: {x-from: there}}
  expect:
    status: 200               # a number
    body: "line one\nline two"
    headers: {X-From: "there", x-gone: null}
    upstream:
      cluster: upstream
      path: "/a"
      headers:
        x-tag: ["one","two"]
        authorization: "Bearer {{token:good}}"

- {name: in flow, request: {method: POST}, expect: {status: 403, upstream: none, body: "RBAC: access denied"}}
- name: nothing was expected there
  request: {}
  upstream: {body: ok}
  expect: {upstream: {cluster: "upstream", method: "GET", path: "/"}}
- name: right
  request: {}
  expect: {status: 200}
"#;

#[test]
fn wrong_values_are_rewritten_in_their_places() {
    let folder = Folder::with(&[("s.yaml", WRONG.as_bytes())]);
    let bless = |more: &[&str]| {
        let fixed = ["test", "s.yaml", "--wasm-dir", modules()];
        folder.run(&[&fixed[..], more].concat())
    };
    bless(&["--bless"]).has(
        0,
        &[
            "4 passed; 0 failed",
            "s.yaml:14: everything is wrong: cases.0.expect.status: 403 -> 200",
            "cases.1.expect.upstream: {cluster: upstream} -> none",
        ],
    );
    let blessed = fs::read_to_string(folder.path().join("s.yaml")).unwrap();
    assert_eq!(blessed, RIGHT);
    let seen = bless(&["--bless"]);
    seen.has(0, &["4 passed; 0 failed"]);
    assert!(!seen.text.contains("blessed"), "{}", seen.text);
    bless(&[]).has(0, &["4 passed; 0 failed"]);
}

#[test]
fn what_cannot_be_blessed_is_left_as_a_whole_and_said() {
    let scenario = "plugins:\n- module: authz\n  configuration: {policies: [{name: all, namespace: default, rules: [{}]}]}\ncases:\n\
        - {name: a condition, request: {}, expect: {status: 403, headers: {content-type: {prefix: text/html}}}}\n\
        - {name: a log line, request: {}, expect: {status: 403, logs: [{contains: nobody says this}]}}\n\
        - {name: an anchor, request: {}, expect: &e {status: 403}}\n\
        - {name: an alias, request: {}, expect: *e}\n\
        - {name: a budget, budget: {maxFuel: 1}, request: {}, expect: {status: 403}}\n";
    let folder = Folder::with(&[("s.yaml", scenario.as_bytes())]);
    let seen = folder.run(&["test", "s.yaml", "--bless", "--wasm-dir", modules()]);
    seen.has(
        1,
        &[
            "0 passed; 5 failed",
            "not blessed: headers.content-type: expected something starting with \"text/html\"",
            "a condition is changed by hand",
            "not blessed: logs: expected a line that contains \"nobody says this\"",
            "not blessed: `cases.2.expect.status` cannot be changed alone where it is written",
            "not blessed: `cases.3.expect.status`",
        ],
    );
    let left = fs::read_to_string(folder.path().join("s.yaml")).unwrap();
    assert_eq!(left, scenario);
}
