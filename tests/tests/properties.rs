//! What filters can ask about requests that end badly: those that are refused before a filter sees them, and those whose
//! upstream cannot be reached. host-runner and Envoy must answer alike (rules L6, P1, and the prefix of cluster names).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Route};
use host_runner::subject::Subject;
use meshwright_tests::build_modules;

/// What the probe asks when a stream is logged; none of it is different each time.
const PROPERTIES: [&str; 24] = [
    "response/code",
    "response/code_details",
    "response/flags",
    "response/grpc_status",
    "response/size",
    "request/path",
    "request/url_path",
    "request/host",
    "request/method",
    "request/scheme",
    "request/headers/x-a",
    "request/protocol",
    "request/size",
    "request/id/x",
    "xds/cluster_name",
    "xds/route_name",
    "xds/virtual_host_name",
    "xds/upstream_host_metadata",
    "upstream/transport_failure_reason",
    "upstream/local_address",
    "upstream/request_attempt_count",
    "upstream/num_endpoints",
    "upstream_filter_state",
    "response/headers/connection",
];

/// Requests, the large one left out.
const REQUESTS: [&str; 11] = [
    "GET /a?b HTTP/1.1\r\nhost: up\r\nx-a: 1\r\n\r\n",
    "GET /a HTTP/1.0\r\nhost: up\r\n\r\n",
    "GET /a HTTP/1.1\r\nx-a: 1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: host\r\n\r\n",
    "GET /.. HTTP/1.1\r\nhost: up\r\nx-a: 1\r\n\r\n",
    "FOO /a HTTP/1.1\r\nhost: up\r\n\r\n",
    "GET https://up/a HTTP/1.1\r\nhost: up\r\n\r\n",
    "GET a HTTP/1.1\r\nhost: up\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: u{p\r\n\r\n",
    "POST /a HTTP/1.1\r\nhost: up\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-a: BIG\r\n\r\n",
];

/// The plugins of the two listeners; their upstream is nowhere.
const LISTENERS: [&str; 2] = ["first", "second"];

#[test]
fn both_tell_filters_alike_of_requests_that_end_badly() {
    let listeners = LISTENERS.map(listener);
    let front = Front::start(&listeners, &FrontOptions::default()).unwrap();
    let envoy = Envoy::start(&listeners, &EnvoyOptions::default()).unwrap();
    let mut differences = Vec::new();
    for name in LISTENERS {
        for request in REQUESTS {
            let [ours, theirs] =
                [&front as &dyn Subject, &envoy].map(|subject| logged(subject, name, request));
            for (ours, theirs) in ours.iter().zip(&theirs).filter(|(a, b)| a != b) {
                differences.push(format!(
                    "{name}: {request:?}\n  runner {ours}\n  envoy  {theirs}"
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn listener(name: &str) -> Listener {
    let module = ModuleFile::read(&build_modules().unwrap().join("probe.wasm")).unwrap();
    let script: Vec<String> = PROPERTIES
        .iter()
        .map(|property| format!("l.prop {property}"))
        .collect();
    Listener {
        name: name.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        plugins: vec![Plugin::new(name, module, script.join(";"))],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "upstream".to_owned(),
        }],
        clusters: vec![Cluster::new("upstream", closed())],
        ..Listener::default()
    }
}

// A port that nobody listens on.
fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

// Sends a request, and waits until its filter has logged every answer.
fn logged(subject: &dyn Subject, listener: &str, request: &str) -> Vec<String> {
    let answers = || {
        let lines = subject.logs(listener).into_iter().map(|line| line.message);
        lines
            .filter(|line| line.contains(" => "))
            .collect::<Vec<_>>()
    };
    let before = answers().len();
    let mut stream = TcpStream::connect(subject.address(listener).unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let request = request.replace("BIG", &"v".repeat(70_000));
    stream.write_all(request.as_bytes()).unwrap();
    let _ = stream.read(&mut [0; 4096]);
    let started = Instant::now();
    while answers().len() < before + PROPERTIES.len() && started.elapsed() < Duration::from_secs(5)
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    let lines = answers().split_off(before);
    assert_eq!(lines.len(), PROPERTIES.len(), "{request:.80}: {lines:?}");
    lines
}
