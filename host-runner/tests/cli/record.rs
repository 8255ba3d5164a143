//! `record`: what passed a live mesh is a scenario that replays.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use host_runner::scenario::client::{ClientRequest, Protocol, Response, send};
use host_runner::upstream::{Upstream, demo};
use http::{HeaderName, HeaderValue, Method};
use tokio::runtime::Runtime;

use crate::command::{DEMO, Folder, modules};

/// A mesh that is being recorded, and its upstreams.
struct Recording {
    folder: Folder,
    runtime: Runtime,
    _upstreams: Vec<Upstream>,
    process: Child,
    address: SocketAddr,
    /// A token that the mesh takes.
    token: String,
}

// === impl Recording ===

impl Recording {
    fn start(options: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let start = |version| Upstream::start(version, any, demo("reviews", Some(version)));
        let upstreams = ["v1", "v2"].map(|version| runtime.block_on(start(version)).unwrap());
        let [v1, v2] = upstreams.each_ref().map(|it| it.address().to_string());
        let mesh = fs::read_to_string(format!("{DEMO}/mesh.yaml")).unwrap();
        let mesh = mesh
            .replace("127.0.0.1:8080", "127.0.0.1:0")
            .replace("127.0.0.1:9081", &v1)
            .replace("127.0.0.1:9082", &v2)
            .replace("demo: true", "demo: false")
            .replace("[\"GET\"]", "[\"GET\", \"PUT\"]");
        let folder = Folder::with(&[("mesh.yaml", mesh.as_bytes())]);
        for part in ["examples.yaml", "demo-key.pem", "forger-key.pem"] {
            fs::copy(format!("{DEMO}/{part}"), folder.path().join(part)).unwrap();
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_host-runner"))
            .args(["record", "mesh.yaml", "--wasm-dir", modules()])
            .args(options)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut welcome = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let between = |line: String, from: &str, to: &str| {
            let (_, rest) = line.split_once(from)?;
            Some(rest.split_once(to)?.0.to_owned())
        };
        let address = welcome.find_map(|line| between(line, "http://", " "));
        let token = welcome.find_map(|line| between(line, "Bearer ", "'"));
        Self {
            address: address.unwrap().parse().unwrap(),
            token: token.unwrap(),
            folder,
            runtime,
            _upstreams: Vec::from(upstreams),
            process,
        }
    }

    fn send(&self, request: ClientRequest) -> Response {
        self.runtime.block_on(send(self.address, request)).unwrap()
    }

    /// As Ctrl-C does; what it said meanwhile.
    fn stop(mut self) -> (Folder, String) {
        let id = self.process.id().to_string();
        let interrupted = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(interrupted.success());
        let mut said = String::new();
        let stderr = self.process.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert!(self.process.wait().unwrap().success(), "{said}");
        (self.folder, said)
    }
}

fn request(method: Method, path: &str, headers: &[(&'static str, &str)]) -> ClientRequest {
    let header = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    ClientRequest {
        protocol: Protocol::Http1,
        method,
        path: path.to_owned(),
        authority: "reviews".to_owned(),
        headers: headers.iter().map(header).collect(),
        body: Bytes::new(),
        trailers: Vec::new(),
    }
}

#[test]
fn what_passed_is_a_scenario_that_replays() {
    let recording = Recording::start(&["--out", "recorded.yaml", "--with-secrets"]);
    let bearer = format!("Bearer {}", recording.token);
    let expect = |request: ClientRequest, status| {
        let response = recording.send(request);
        assert_eq!(response.status, status, "{response:?}");
    };
    expect(
        request(Method::GET, "/reviews/0?a={{b}}", &[("x-tag", "{{now}}")]),
        200,
    );
    let over_http2 = ClientRequest {
        protocol: Protocol::Http2,
        ..request(Method::GET, "/reviews/1", &[("end-user", "jason")])
    };
    expect(over_http2, 200);
    let with_body = ClientRequest {
        body: Bytes::from_static(b"{{five}}\nstars \xff\x00"),
        ..request(Method::PUT, "/reviews/2", &[("content-type", "text/plain")])
    };
    expect(with_body, 200);
    expect(request(Method::POST, "/reviews/3", &[]), 403);
    expect(
        request(Method::GET, "/reviews/4", &[("authorization", &bearer)]),
        200,
    );
    expect(
        request(
            Method::GET,
            "/reviews/5",
            &[("authorization", "Bearer abc")],
        ),
        401,
    );
    let (folder, said) = recording.stop();
    assert!(
        said.contains("6 recorded: `host-runner test recorded.yaml`"),
        "{said}"
    );
    let replay = ["test", "recorded.yaml", "--wasm-dir", modules()];
    folder.run(&replay).has(0, &["6 passed; 0 failed"]);
    // Its expectations hold something: another mesh does not satisfy them.
    let mesh = folder.path().join("mesh.yaml");
    let changed = fs::read_to_string(&mesh).unwrap().replace("jason", "joan");
    fs::write(&mesh, changed).unwrap();
    folder
        .run(&replay)
        .has(1, &["5 passed; 1 failed", "/reviews/1"]);
    let again = [
        "record",
        "mesh.yaml",
        "--out",
        "recorded.yaml",
        "--wasm-dir",
        modules(),
    ];
    folder.run(&again).has(
        2,
        &["`recorded.yaml` is there already; `--force` replaces it"],
    );
}

#[test]
fn credentials_are_not_recorded_by_accident() {
    let recording = Recording::start(&["--out", "recorded.yaml"]);
    let bearer = format!("Bearer {}", recording.token);
    recording.send(request(
        Method::GET,
        "/secret",
        &[("authorization", &bearer)],
    ));
    recording.send(request(Method::GET, "/open", &[]));
    let token = recording.token.clone();
    let (folder, said) = recording.stop();
    assert!(
        said.contains(
            "not recorded: GET /secret: `authorization` is a secret; `--with-secrets` records it"
        ),
        "{said}"
    );
    let recorded = fs::read_to_string(folder.path().join("recorded.yaml")).unwrap();
    assert!(!recorded.contains(&token), "{recorded}");
    folder
        .run(&["test", "recorded.yaml", "--wasm-dir", modules()])
        .has(0, &["1 passed; 0 failed"]);
}
