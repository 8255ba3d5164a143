//! What a person sees when something is wrong: the place, what was expected, and the exit code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use host_runner::build::{BuildOptions, build};
use tempfile::TempDir;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/bookinfo");

/// How the command ended, as a person at a terminal sees it.
struct Seen {
    code: Option<i32>,
    text: String,
}

/// A folder with files in it, in which the command runs.
struct Folder(TempDir);

// === impl Folder ===

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    /// A copy of the demo mesh, with one piece of its text replaced, listening on any free port.
    fn with_mesh(from: &str, to: &str) -> Self {
        let mesh = fs::read_to_string(format!("{DEMO}/mesh.yaml")).unwrap();
        assert!(mesh.contains(from), "the demo mesh has no `{from}`");
        let mesh = mesh.replace(from, to);
        Self::with(&[("mesh.yaml", mesh.as_bytes())])
    }

    fn run(&self, arguments: &[&str]) -> Seen {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
        let Output {
            status,
            stdout,
            stderr,
        } = command
            .args(arguments)
            .current_dir(self.0.path())
            // Where modules are looked for is up to the folder.
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        );
        Seen {
            code: status.code(),
            text,
        }
    }
}

// === impl Seen ===

impl Seen {
    #[track_caller]
    fn has(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no `{part}` in:\n{}", self.text);
        }
    }
}

/// The folder of our modules, compiled once.
fn modules() -> &'static str {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    let folder = MODULES.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let options = BuildOptions {
            manifest_path: Some(manifest),
            ..BuildOptions::default()
        };
        let built = build(&options).unwrap();
        built
            .first()
            .unwrap()
            .module
            .path
            .parent()
            .unwrap()
            .to_owned()
    });
    folder.to_str().unwrap()
}

fn scenario(configuration: &str, expect: &str) -> String {
    format!(
        "plugins:\n- module: authz\n  configuration: {configuration}\n\
         cases:\n- name: a GET passes\n  request: {{path: /}}\n  expect: {{{expect}}}\n"
    )
}

const ALLOW_ALL: &str = "{policies: [{name: all, namespace: default, rules: [{}]}]}";

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
    let mesh = fs::read_to_string(folder.0.path().join("mesh.yaml")).unwrap();
    let mesh = mesh
        .replace("127.0.0.1:9081", "127.0.0.1:0")
        .replace("127.0.0.1:9082", "127.0.0.1:0");
    fs::write(folder.0.path().join("mesh.yaml"), mesh).unwrap();
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
    fs::write(folder.0.path().join("envoy.yaml"), &seen.text).unwrap();
    let mut validate = Command::new(envoy.path);
    let checked = validate
        .args(["--mode", "validate", "-c", "envoy.yaml"])
        .current_dir(folder.0.path())
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

#[test]
fn a_case_is_traced_callback_by_callback() {
    let folder = Folder::with(&[("s.yaml", scenario(ALLOW_ALL, "status: 200").as_bytes())]);
    let trace = |more: &[&str]| {
        let fixed = ["trace", "s.yaml", "--wasm-dir", modules()];
        folder.run(&[&fixed[..], more].concat())
    };
    let seen = trace(&["--case", "GET"]);
    seen.has(
        0,
        &[
            "s/authz #2       on_request_headers(headers ",
            "    Ok           get_header_map_pairs(request_headers) -> pairs {:authority: \"example.com\"",
            "  = Continue  (",
            "response 200",
        ],
    );
    assert!(!seen.text.contains("on_configure"), "{}", seen.text);
    trace(&["--start"]).has(0, &["on_configure(", "plugin_configuration"]);
    trace(&["--case", "POST"]).has(2, &["no case has `POST`", "s::a GET passes"]);
    let seen = trace(&["--format", "json"]);
    let lines = seen
        .text
        .lines()
        .map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(lines.iter().any(|line| {
        line.pointer("/name").unwrap() == "proxy_get_header_map_pairs"
            && line.pointer("/status").unwrap() == "Ok"
            && line.pointer("/arguments/map").unwrap() == "request_headers"
    }));
}

#[test]
fn a_case_that_fails_is_traced_and_fails() {
    let folder = Folder::with(&[("s.yaml", scenario(ALLOW_ALL, "status: 403").as_bytes())]);
    let seen = folder.run(&["trace", "s.yaml", "--wasm-dir", modules()]);
    seen.has(1, &["on_request_headers(", "expected 403"]);
}

#[test]
fn a_request_to_a_mesh_is_traced_in_the_words_of_curl() {
    let folder = Folder::with_mesh("kind: Mesh", "kind: Mesh");
    let trace = |more: &[&str]| {
        let fixed = ["trace", "mesh.yaml", "--wasm-dir", modules()];
        folder.run(&[&fixed[..], more].concat())
    };
    trace(&[
        "--get",
        "/a?b",
        "-H",
        "X-Tag: one",
        "-H",
        "Host: reviews",
        "-d",
        "hello",
    ])
    .has(
        0,
        &[
            ":authority: \"reviews\"",
            ":path: \"/a?b\"",
            ":method: \"POST\"",
            "x-tag: \"one\"",
            "request/bookinfo-jwt-auth #2",
        ],
    );
    trace(&["--get", "/", "-H", "no colon"]).has(2, &["`-H no colon`: expected `name: value`"]);
    trace(&["-X", "PUT"]).has(2, &["--get <PATH>"]);
    folder
        .run(&["trace", "none.yaml", "--get", "/"])
        .has(2, &["none.yaml"]);
}

const TWO_CASES: &str = "plugins:\n- module: authz\n  configuration: {policies: [{name: all, namespace: default, rules: [{}]}]}\n\
    cases:\n- {name: right, request: {}, expect: {status: 200}}\n\
    - {name: 'wrong <&> #1', request: {}, expect: {status: 403}}\n";

#[test]
fn cases_can_be_chosen_by_a_part_of_their_name_or_a_regex() {
    let folder = Folder::with(&[("s.yaml", TWO_CASES.as_bytes())]);
    let filter = |filter| {
        folder.run(&[
            "test",
            "s.yaml",
            "--filter",
            filter,
            "--wasm-dir",
            modules(),
        ])
    };
    filter("righ").has(0, &["1 passed; 0 failed"]);
    filter("^s::r.*t$").has(0, &["1 passed; 0 failed"]);
    filter("wrong <&> #1").has(1, &["0 passed; 1 failed"]);
    filter("none").has(2, &["`--filter none`", "no case of 2"]);
    filter("(").has(2, &["`--filter (`", "no regular expression"]);
}

#[test]
fn results_can_be_printed_for_machines() {
    let folder = Folder::with(&[("s.yaml", TWO_CASES.as_bytes())]);
    let format = |format| {
        folder.run(&[
            "test",
            "s.yaml",
            "--format",
            format,
            "--wasm-dir",
            modules(),
        ])
    };
    format("tap").has(
        1,
        &["TAP version 14\n1..2\nok 1 - s::right\nnot ok 2 - s::wrong <&> \\#1\n  ---\n  message: |-\n    s.yaml:6"],
    );
    format("junit").has(
        1,
        &[
            "<testsuites tests=\"2\" failures=\"1\" time=",
            "<testcase classname=\"s\" name=\"right\" time=",
            "name=\"wrong &lt;&amp;&gt; #1\"",
            "<failure message=\"s.yaml:6",
        ],
    );
    format("json").has(1, &["\"event\": \"started\", \"test_count\": 2"]);
    format("xml").has(2, &["pretty, json, junit, tap"]);
}

#[test]
fn a_seed_gives_one_order() {
    let mut scenario = scenario(ALLOW_ALL, "status: 200");
    for number in 0..20 {
        scenario += &format!("- {{name: case {number}, request: {{}}, expect: {{}}}}\n");
    }
    let folder = Folder::with(&[("s.yaml", scenario.as_bytes())]);
    let order = |seed| {
        let seen = folder.run(&[
            "test",
            "s.yaml",
            "--format",
            "tap",
            "--seed",
            seed,
            "--wasm-dir",
            modules(),
        ]);
        seen.has(0, &["1..21"]);
        seen.text
    };
    assert_eq!(order("1"), order("1"));
    assert_ne!(order("1"), order("2"));
    assert!(order("random").contains("--seed "));
    folder
        .run(&["test", "s.yaml", "--seed", "x"])
        .has(2, &["expected a number or `random`, found `x`"]);
}

#[test]
fn a_mesh_that_changes_is_served_and_a_broken_one_is_refused() {
    let folder = Folder::with_mesh("listen: 127.0.0.1:8080", "listen: 127.0.0.1:0");
    let file = folder.0.path().join("mesh.yaml");
    let mesh = fs::read_to_string(&file).unwrap();
    let mesh = mesh
        .replace("127.0.0.1:9081", "127.0.0.1:0")
        .replace("127.0.0.1:9082", "127.0.0.1:0");
    fs::write(&file, &mesh).unwrap();
    // What its welcome is made of.
    for part in ["examples.yaml", "demo-key.pem", "forger-key.pem"] {
        fs::copy(format!("{DEMO}/{part}"), folder.0.path().join(part)).unwrap();
    }
    let child = Command::new(env!("CARGO_BIN_EXE_host-runner"))
        .args(["run", "mesh.yaml", "--watch", "--wasm-dir", modules()])
        .current_dir(folder.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Ended(child.unwrap());
    let mut welcome = BufReader::new(child.0.stdout.take().unwrap()).lines();
    assert!(welcome.next().is_some());
    let mut said = BufReader::new(child.0.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    fs::write(&file, mesh.replace("subset: v2", "subset: v9")).unwrap();
    let refused = said.find(|line| line.contains("reloaded")).unwrap();
    assert!(
        refused.starts_with("not reloaded, the old one serves on: mesh.yaml:"),
        "{refused}"
    );
    fs::write(&file, mesh + "\n").unwrap();
    let served = said.find(|line| line.contains("reloaded")).unwrap();
    assert!(served.starts_with("reloaded:"), "{served}");
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
