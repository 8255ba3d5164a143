//! When something is wrong: the place, what was expected, and the exit code.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::command::{ALLOW_ALL, Folder, modules, scenario};

#[test]
fn usage_errors_exit_with_2() {
    Folder::with(&[])
        .run(&["serve"])
        .has(2, &["unrecognized subcommand 'serve'"]);
    Folder::with(&[]).run(&["test"]).has(2, &["<PATH>..."]);
}

#[test]
fn broken_yaml_names_file_line_and_column_with_a_caret() {
    let folder = Folder::with(&[("mesh.yaml", b"apiVersion: v1\nkind: [Mesh\nmetadata: {}\n")]);
    folder
        .run(&["run", "mesh.yaml"])
        .has(2, &["mesh.yaml:", "^"]);
    Folder::with(&[])
        .run(&["run", "none.yaml"])
        .has(2, &["none.yaml", "cannot read it"]);
}

#[test]
fn an_unknown_field_of_an_istio_document_is_refused_at_its_place() {
    let folder = Folder::with_mesh("  hosts:\n", "  hotss: [a]\n  hosts:\n");
    folder
        .run(&["run", "mesh.yaml"])
        .has(2, &["mesh.yaml:8:", "^", "hotss"]);
}

#[test]
fn a_field_that_istio_has_and_we_lack_is_refused_by_name() {
    let folder = Folder::with_mesh(
        "        subset: v2\n",
        "        subset: v2\n    timeout: 5s\n",
    );
    folder.run(&["config", "envoy", "mesh.yaml"]).has(
        2,
        &[
            "mesh.yaml:",
            "/spec/http/0/timeout",
            "not supported yet",
            "^",
        ],
    );
    let folder = Folder::with_mesh("  action: ALLOW\n", "  action: AUDIT\n");
    folder
        .run(&["config", "envoy", "mesh.yaml"])
        .has(2, &["mesh.yaml:", "/spec/action", "AUDIT"]);
}

#[test]
fn a_destination_that_leads_nowhere_is_an_error() {
    let folder = Folder::with_mesh("        subset: v2\n", "        subset: v3\n");
    folder
        .run(&["run", "mesh.yaml"])
        .has(2, &["mesh.yaml:", "v3"]);
}

#[test]
fn a_missing_module_says_how_to_get_it() {
    let folder = Folder::with_mesh("kind: Mesh", "kind: Mesh");
    folder
        .run(&["run", "mesh.yaml"])
        .has(2, &["jwt-auth.wasm", "host-runner build"]);
}

#[test]
fn a_file_that_is_no_module_is_refused_in_a_sentence() {
    let scenario =
        "plugins:\n- module: ./x.wasm\ncases:\n- name: a\n  request: {}\n  expect: {status: 200}\n";
    let text = Folder::with(&[("s.yaml", scenario.as_bytes()), ("x.wasm", b"not wasm")]);
    text.run(&["test", "s.yaml"])
        .has(2, &["x.wasm` is not a WebAssembly module"]);
    let empty = Folder::with(&[
        ("s.yaml", scenario.as_bytes()),
        ("x.wasm", b"\0asm\x01\0\0\0"),
    ]);
    empty
        .run(&["test", "s.yaml"])
        .has(2, &["x.wasm` is not a Proxy-Wasm module"]);
}

#[test]
fn a_configuration_that_a_filter_refuses_stops_both_proxies_and_the_pointer_is_shown() {
    let bad = scenario(
        "{policies: [{name: p, namespace: default, rules: [{to: [{operation: {ports: [\"x\"]}}]}]}]}",
        "status: 200",
    );
    let folder = Folder::with(&[("s.yaml", bad.as_bytes())]);
    for subject in ["runner", "envoy"] {
        let seen = folder.run(&["test", "s.yaml", "--on", subject, "--wasm-dir", modules()]);
        seen.has(
            2,
            &[
                "/policies/0/rules/0/to/0/operation/ports/0",
                "configuration rejected",
            ],
        );
    }
}

#[test]
fn a_struct_that_does_not_fit_is_refused_at_its_place_by_both_proxies() {
    let struct_of = |configuration: &str| {
        let configuration = format!("{configuration}\n  configurationAs: struct");
        scenario(&configuration, "status: 200")
    };
    let bad = struct_of("{policies: [{name: 5, namespace: default}]}");
    let folder = Folder::with(&[
        ("s.yaml", bad.as_bytes()),
        ("list.yaml", struct_of("[1]").as_bytes()),
    ]);
    for subject in ["runner", "envoy"] {
        let seen = folder.run(&["test", "s.yaml", "--on", subject, "--wasm-dir", modules()]);
        seen.has(2, &["at /policies/0/name: invalid type: integer `5`"]);
    }
    let seen = folder.run(&["test", "list.yaml", "--wasm-dir", modules()]);
    seen.has(
        2,
        &["list.yaml:2", "a configuration as a struct is a mapping"],
    );
}

#[test]
fn a_forgotten_configuration_does_not_turn_authentication_off() {
    let scenario = "plugins: [{module: jwt-auth}]\ncases:\n- {name: a, request: {}, expect: {}}\n";
    let folder = Folder::with(&[("s.yaml", scenario.as_bytes())]);
    for subject in ["runner", "envoy"] {
        let seen = folder.run(&["test", "s.yaml", "--on", subject, "--wasm-dir", modules()]);
        seen.has(2, &["configuration rejected", "jwtRules"]);
    }
}

#[test]
fn a_wrong_expectation_fails_with_what_was_expected_and_what_came() {
    let folder = Folder::with(&[("s.yaml", scenario(ALLOW_ALL, "status: 403").as_bytes())]);
    let seen = folder.run(&["test", "s.yaml", "--on", "both", "--wasm-dir", modules()]);
    seen.has(
        1,
        &[
            "a GET passes",
            "s.yaml:",
            "on runner",
            "on envoy",
            "403",
            "200",
        ],
    );
}

#[test]
fn a_right_expectation_passes() {
    let folder = Folder::with(&[("s.yaml", scenario(ALLOW_ALL, "status: 200").as_bytes())]);
    folder
        .run(&["test", "s.yaml", "--on", "both", "--wasm-dir", modules()])
        .has(0, &["1 passed; 0 failed"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::with_mesh("listen: 127.0.0.1:8080", &format!("listen: {address}"));
    let mesh = fs::read_to_string(folder.path().join("mesh.yaml")).unwrap();
    let mesh = mesh
        .replace("127.0.0.1:9081", "127.0.0.1:0")
        .replace("127.0.0.1:9082", "127.0.0.1:0");
    fs::write(folder.path().join("mesh.yaml"), mesh).unwrap();
    for subject in ["runner", "envoy"] {
        let seen = folder.run(&["run", "mesh.yaml", "--on", subject, "--wasm-dir", modules()]);
        seen.has(2, &[&address]);
    }
}

#[test]
fn the_envoy_configuration_of_a_mesh_is_complete() {
    let folder = Folder::with_mesh("kind: Mesh", "kind: Mesh");
    let seen = folder.run(&["config", "envoy", "mesh.yaml", "--wasm-dir", modules()]);
    seen.has(
        0,
        &[
            "outbound||v2|reviews.default.svc.cluster.local",
            "jwt-auth.wasm",
            "wasm.meshwright.destination",
        ],
    );
    let envoy = host_runner::envoy::locate::require().unwrap();
    fs::write(folder.path().join("envoy.yaml"), &seen.text).unwrap();
    let mut validate = Command::new(envoy.path);
    let checked = validate
        .args(["--mode", "validate", "-c", "envoy.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn a_module_can_be_inspected() {
    let module = format!("{}/jwt-auth.wasm", modules());
    let folder = Folder::with(&[]);
    folder.run(&["inspect", &module]).has(
        0,
        &[
            "ABI version  0.2.1",
            "proxy_on_request_headers  (i32, i32, i32) -> i32",
            "envoy-1.40 (Envoy 1.40 (Istio)): loads\n",
            "      proxy_log: {}\n",
            "the names of its functions were stripped",
            "rule K2",
        ],
    );
    let seen = folder.run(&["inspect", "--format", "json", &module]);
    let json: serde_json::Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(json.pointer("/abiVersion").unwrap(), "0.2.1");
    assert_eq!(json.pointer("/hosts/0/loads").unwrap(), true);
}

#[test]
fn what_is_no_module_cannot_be_inspected() {
    let files: [(&str, &[u8]); 3] = [
        ("text.wasm", b"text"),
        ("component.wasm", b"\0asm\x0d\0\x01\0"),
        ("truncated.wasm", b"\0asm\x01\0\0\0\x01\x05"),
    ];
    let folder = Folder::with(&files);
    let inspect = |file| folder.run(&["inspect", file]);
    inspect("text.wasm").has(2, &["`text.wasm` is not a WebAssembly module"]);
    inspect("component.wasm").has(2, &["`component.wasm` is a WebAssembly component"]);
    inspect("truncated.wasm").has(2, &["`truncated.wasm` is not a WebAssembly module"]);
    inspect("none.wasm").has(2, &["none.wasm"]);
}

#[test]
fn a_budget_that_is_not_kept_fails_with_the_callback_and_its_cost() {
    let scenario = scenario(ALLOW_ALL, "status: 200").replace(
        "- name: a GET passes",
        "- name: cheap\n  budget: {maxFuel: 100000000, maxMemory: 16777216}\n  request: {}\n  expect: {}\n\
         - name: a GET passes\n  budget: {maxHostcalls: 0}",
    );
    let folder = Folder::with(&[("s.yaml", scenario.as_bytes())]);
    let seen = folder.run(&["test", "s.yaml", "--wasm-dir", modules()]);
    seen.has(
        1,
        &[
            "proxy_on_request_headers of plugin `authz` made",
            "hostcalls, more than 0",
            "1 passed; 1 failed",
        ],
    );
}
