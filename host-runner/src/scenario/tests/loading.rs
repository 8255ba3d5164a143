//! What a scenario file is refused for, and where the error points.

use super::*;

const CASE: &str = "cases:\n- name: a\n  request: {}\n  expect: {}\n";

fn assert_starts(error: &str, start: &str) {
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn cases_are_named_after_file_and_case() {
    let suite = Folder::with(&format!("plugins: []\n{CASE}"))
        .load()
        .unwrap();
    assert_eq!(suite.trials(Vec::new())[0].name(), "sub/case::a");
}

#[test]
fn clusters_are_real_addresses_and_default_to_one() {
    let suite = Folder::with(&format!("plugins: []\n{CASE}"))
        .load()
        .unwrap();
    let listener = &suite.listeners()[0];
    assert_eq!(
        listener.routes,
        [Route {
            name: String::new(),
            state: None,
            cluster: "upstream".to_owned()
        }]
    );
    assert_ne!(listener.clusters[0].address.port(), 0);
}

#[test]
fn a_mesh_brings_its_own_listener() {
    let suite = Folder::with(&format!("mesh: mesh.yaml\n{CASE}"))
        .load()
        .unwrap();
    let listener = &suite.listeners()[0];
    assert_eq!(
        (listener.name.as_str(), listener.address.port()),
        ("sub-case", 0)
    );
    assert!(listener.clusters[0].address.port() > 1);
    assert_starts(
        &error(&format!("mesh: no.yaml\n{CASE}")),
        "case.yaml:1:7: no mesh at `no.yaml`\n",
    );
}

#[test]
fn an_unknown_field_is_refused_at_its_place() {
    let message =
        error("plugins: []\ncases:\n- name: a\n  request: {}\n  expect:\n    statsu: 200\n");
    assert_starts(
        &message,
        "case.yaml:6:5: unknown field `statsu`, expected one of status, headers, body",
    );
    assert!(
        message.ends_with("6 |     statsu: 200\n  |     ^"),
        "{message}"
    );
}

#[test]
fn every_name_must_lead_somewhere() {
    let case = |step: &str| format!("plugins: [{{module: authz}}]\ncases:\n- name: a\n{step}\n");
    for (step, expected) in [
        (
            "  request: {token: good}\n  expect: {}",
            "case.yaml:4:20: unknown token `good`, there is none in this file",
        ),
        (
            "  request: {path: '/{{token:t}}'}\n  expect: {}",
            "case.yaml:4:19: unknown token `t`",
        ),
        (
            "  request: {headers: {a: [1, '{{payload:t}}']}}\n  expect: {}",
            "case.yaml:4:26: unknown token `t`",
        ),
        (
            "  request: {}\n  expect: {body: {contains: '{{token:t}}'}}",
            "case.yaml:5:18: unknown token `t`",
        ),
        (
            "  request: {}\n  expect: {body: {json: ['{{token:t}}']}}",
            "case.yaml:5:18: unknown token `t`",
        ),
        (
            "  request: {}\n  expect: {upstream: {headers: {a: '{{jwks:k}}'}}}",
            "case.yaml:5:36: unknown key `k`",
        ),
        (
            "  request: {}\n  expect: {upstream: {cluster: v2}}",
            "case.yaml:5:32: unknown cluster `v2`, expected one of `upstream`",
        ),
        (
            "  request: {}\n  expect: {logs: [{plugin: jwt, contains: x}]}",
            "case.yaml:5:28: unknown plugin `jwt`, expected one of `authz`",
        ),
    ] {
        assert_starts(&error(&case(step)), expected);
    }
}

#[test]
fn tokens_are_checked_when_they_are_loaded() {
    let file = |token: &str| {
        format!(
            "plugins: []\nkeys: {{k: {{secret: c2VjcmV0}}}}\ntokens:\n  g: {{key: k, claims: {{}}}}\n  t: {token}\n{CASE}"
        )
    };
    assert!(
        Folder::with(&file("{from: g, signedBy: k, tamper: payload}"))
            .load()
            .is_ok()
    );
    for (token, expected) in [
        (
            "{key: x, claims: {}}",
            "case.yaml:5:12: unknown key `x`, expected one of `k`",
        ),
        (
            "{key: k, alg: RS256, claims: {}}",
            "case.yaml:5:20: the key signs HS256, not `RS256`",
        ),
        (
            "{key: k, claims: {exp: now+1y}}",
            "case.yaml:5:23: expected a time such as `now`",
        ),
        (
            "{from: x, tamper: payload}",
            "case.yaml:5:13: unknown token `x`",
        ),
        (
            "{from: t, tamper: payload}",
            "case.yaml:5:13: the token `t` has no `key` and `claims`",
        ),
        ("{from: g}", "case.yaml:5:6: expected `key` and `claims`"),
        (
            "{text: a, key: k}",
            "case.yaml:5:6: expected `key` and `claims`",
        ),
        ("{key: k}", "case.yaml:5:6: expected `key` and `claims`"),
        (
            "{key: k, claims: {}, tamper: all}",
            "case.yaml:5:35: unknown variant `all`, expected one of payload, signature",
        ),
    ] {
        assert_starts(&error(&file(token)), expected);
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let case = |request: &str| {
        format!("plugins: []\ncases:\n- name: a\n  request: {request}\n  expect: {{}}\n")
    };
    for (request, expected) in [
        ("{trailers: {a: 1}}", "trailers need `protocol: http2`"),
        ("{path: '/a#b'}", "`/a#b` cannot be sent as a path"),
        ("{method: CONNECT}", "`CONNECT` is not supported here"),
        ("{method: 'a b'}", "expected an HTTP method, found `a b`"),
        ("{headers: {host: a}}", "`host` is no header here"),
        ("{headers: {a: 1, A: 2}}", "the header `A` is here twice"),
        (
            "{headers: {a: \"x\\n\"}}",
            "a header value cannot hold control characters",
        ),
        ("{headers: {a: 1.0}}", "invalid type: floating point"),
        (
            "{protocol: http3}",
            "unknown variant `http3`, expected one of http1, http2",
        ),
    ] {
        let message = error(&case(request));
        assert!(
            message.starts_with("case.yaml:4:") && message.contains(expected),
            "{message}"
        );
    }
}

#[test]
fn a_file_has_one_kind_of_listener_and_at_least_one_case() {
    for (file, expected) in [
        (
            CASE.to_owned(),
            "case.yaml:1:1: expected `plugins` or `mesh`, found neither",
        ),
        (
            format!("plugins: []\nmesh: mesh.yaml\n{CASE}"),
            "case.yaml:2:7: expected `plugins` or `mesh`, found both",
        ),
        (
            format!("mesh: mesh.yaml\nroutes: []\n{CASE}"),
            "case.yaml:1:7: a mesh has its own routes",
        ),
        (
            "plugins: []\ncases: []\n".to_owned(),
            "case.yaml:1:1: expected at least one case",
        ),
        (
            format!("plugins: []\n{CASE}- name: a\n  request: {{}}\n  expect: {{}}\n"),
            "case.yaml:6:9: there is another case named `a`",
        ),
        (
            "plugins: []\ncases:\n- name: a\n".to_owned(),
            "case.yaml:3:3: expected `request` or `connection` and `expect`, or `steps`",
        ),
        (
            format!("plugins: [{{module: nope}}]\n{CASE}"),
            "case.yaml:1:11: cannot read the module",
        ),
        (
            format!(
                "plugins: [{{module: authz, configuration: {{a: ['{{{{jwks:x}}}}']}}}}]\n{CASE}"
            ),
            "case.yaml:1:11: unknown key `x`, there is none in this file",
        ),
        (
            format!("plugins: [{{module: authz}}, {{module: authz}}]\n{CASE}"),
            "case.yaml:1:28: the plugin name `authz` is taken",
        ),
        (
            format!("plugins: []\nclock: noon\n{CASE}"),
            "case.yaml:2:8: expected an instant such as",
        ),
        (
            format!("plugins: []\nkeys: {{k: {{pem: no.pem}}}}\n{CASE}"),
            "case.yaml:2:11: cannot read the key",
        ),
    ] {
        assert_starts(&error(&file), expected);
    }
}

#[test]
fn a_folder_without_scenarios_is_an_error() {
    let folder = Folder::with("plugins: []\n");
    let message = Suite::load(&[folder.path("wasm")], &folder.path("wasm"), &mesh)
        .unwrap_err()
        .to_string();
    assert_starts(&message, "there is no `*.yaml` in `");
}
