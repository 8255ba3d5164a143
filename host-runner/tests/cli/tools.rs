//! `trace`, choosing and printing of tests, and `run --watch`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::command::{ALLOW_ALL, DEMO, Folder, modules, scenario};

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
    let file = folder.path().join("mesh.yaml");
    let mesh = fs::read_to_string(&file).unwrap();
    let mesh = mesh
        .replace("127.0.0.1:9081", "127.0.0.1:0")
        .replace("127.0.0.1:9082", "127.0.0.1:0");
    fs::write(&file, &mesh).unwrap();
    // What its welcome is made of.
    for part in ["examples.yaml", "demo-key.pem", "forger-key.pem"] {
        fs::copy(format!("{DEMO}/{part}"), folder.path().join(part)).unwrap();
    }
    let child = Command::new(env!("CARGO_BIN_EXE_host-runner"))
        .args(["run", "mesh.yaml", "--watch", "--wasm-dir", modules()])
        .current_dir(folder.path())
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

#[test]
fn a_module_is_served_alone_with_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let module = format!("{}/ab-router.wasm", modules());
    let run = |configuration: &str| {
        fs::write(folder.path().join("c.json"), configuration).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
        command.args(["run", &module, "--configuration", "c.json"]);
        command.args(["--listen", "127.0.0.1:0", "--cluster", "auth=127.0.0.1:9"]);
        command.current_dir(folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let refused = run(r#"{"virtualServices": 1}"#).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("at /virtualServices"), "{said}");
    let mut child = Ended(run("{}").spawn().unwrap());
    let welcome = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut lines = welcome.map(Result::unwrap);
    let curl = lines.find_map(|line| Some(line.strip_prefix("curl -i http://")?.to_owned()));
    let address = curl.unwrap();
    let mut client = std::net::TcpStream::connect(address.trim_end_matches('/')).unwrap();
    let request = b"GET /books HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    std::io::Write::write_all(&mut client, request).unwrap();
    let answer = std::io::read_to_string(client).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("/books"), "{answer}");
}

#[test]
fn a_network_filter_is_served_alone_before_an_echo() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.json"), r#"{"begins_with": "PROXY "}"#).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
    command.args(["run", &format!("{}/tcp-gate.wasm", modules())]);
    command.args(["--configuration", "c.json", "--listen", "127.0.0.1:0"]);
    command.current_dir(folder.path()).stdout(Stdio::piped());
    let mut child = Ended(command.spawn().unwrap());
    let welcome = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut lines = welcome.map(Result::unwrap);
    let line = lines.find_map(|line| Some(line.strip_prefix("nc ")?.replace(' ', ":")));
    let address = line.unwrap();
    for (said, heard) in [("PROXY hello", "PROXY hello"), ("GET / HTTP/1.1", "")] {
        let mut client = std::net::TcpStream::connect(&address).unwrap();
        std::io::Write::write_all(&mut client, said.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(std::io::read_to_string(client).unwrap(), heard);
    }
}

#[test]
fn what_is_around_a_module_is_refused_where_it_means_nothing() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
        let output = command.arg("run").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = run(&["mesh.yaml", "--configuration", "c.json"]);
    assert!(said.contains("`--configuration` is for a module"), "{said}");
    for (cluster, why) in [
        ("auth", "expected a name and an address"),
        ("auth=here", "expected an address"),
        ("=127.0.0.1:9", "cannot be the name of a cluster"),
        ("upstream=127.0.0.1:9", "cannot be the name of a cluster"),
    ] {
        let said = run(&["a.wasm", "--cluster", cluster]);
        assert!(said.contains(why), "{said}");
    }
}
