//! Requests that no HTTP client sends, over a bare socket to host-runner and to Envoy: both must answer alike, and their
//! upstreams must have received the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Cluster, Listener, Route};
use host_runner::subject::Subject;

/// Targets of a GET (rule A19 and what the codec takes).
const TARGETS: [&[u8]; 52] = [
    b"/",
    b"//a",
    b"/a//b",
    b"/a/./b",
    b"/a/../b",
    b"/..",
    b"/.",
    b"/a/.",
    b"/a/b/..",
    b"/a/../..",
    b"/a/%2e%2E/b",
    b"/a/.%2e/b",
    b"/%2e",
    b"/a%2Fb",
    b"/a%5Cb",
    b"/a\\b",
    b"/a\\..\\b",
    b"/a/%5c../b",
    b"/a%00",
    b"/.%00",
    b"/a%0a",
    b"/a%zz",
    b"/a%",
    b"/a%%41",
    b"/%7e%2d%5f",
    b"/a..;/b",
    b"/..;/a",
    b"/a/..;x=1/b",
    b"/a/.;/b",
    b"/a/..;",
    b"/a/..;?q",
    b"/a/%2e%2e;/b",
    b"/a/..%3b/b",
    b"/a/..;\\b",
    b"/a\\..;/b",
    b"/a/..;%00",
    b"/a|b",
    b"/a^b",
    b"/a\"b",
    b"/a{b}",
    b"/a[b]",
    b"/a?x=/../y",
    b"/?%00",
    b"/a?x=\\y",
    b"/\xc3\xa9",
    b"*",
    b"a",
    b"http://other:81/a/../b",
    b"http://other?x",
    b"http://u:p@other/a",
    b"https://other/a",
    b"ftp://other/a",
];

/// Whole heads, beside the `host: up` that most have.
const HEADS: [&str; 30] = [
    "GET /a HTTP/1.1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost:\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nhost: down\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: u p\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up/x\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: a@up\r\n\r\n",
    "get /a HTTP/1.1\r\nhost: up\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: up\r\n\r\n",
    "POST /a HTTP/1.1\r\nhost: up\r\n\r\n",
    "POST /a HTTP/1.1\r\nhost: up\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nte: gzip, trailers\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nte: trailers;q=0.5\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: x-foo, close\r\nx-foo: 1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: host\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: :path\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: x-forwarded-proto\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nupgrade: foo\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-forwarded-for:\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-a: a\u{1}b\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-a: a\tb\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-a:   b  \t \r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx_a.b: 1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx(a: 1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nx-a : 1\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\n:path: /x\r\n\r\n",
    "GET /a HTTP/1.1\r\nhost: up\r\nexpect: foo\r\n\r\n",
    "GET /until-close HTTP/1.1\r\nhost: up\r\n\r\n",
    "HEAD /a HTTP/1.1\r\nhost: up\r\n\r\n",
    "GET /refused HTTP/1.1\r\nhost: up\r\nx-big: BIG\r\n\r\n",
];

#[test]
fn both_answer_alike() {
    let upstream = upstream();
    let listeners =
        [("up", upstream), ("nobody", closed())].map(|(name, address)| listener(name, address));
    let front = Front::start(&listeners, &FrontOptions::default()).unwrap();
    let envoy = Envoy::start(&listeners, &EnvoyOptions::default()).unwrap();
    let targets = TARGETS
        .iter()
        .map(|target| [b"GET ", *target, b" HTTP/1.1\r\nhost: up\r\n\r\n"].concat());
    let heads = HEADS
        .iter()
        .map(|head| head.replace("BIG", &"v".repeat(70_000)).into_bytes());
    let mut differences = Vec::new();
    for request in targets.chain(heads) {
        for name in ["up", "nobody"] {
            let [ours, theirs] = [front.address(name), envoy.address(name)]
                .map(|address| answer(address.unwrap(), &request));
            if ours != theirs {
                let request = request.escape_ascii().to_string();
                differences.push(format!(
                    "{name}: {request:.100}\n  runner {ours:?}\n  envoy  {theirs:?}"
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn listener(name: &str, upstream: SocketAddr) -> Listener {
    Listener {
        name: name.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        plugins: Vec::new(),
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "upstream".to_owned(),
        }],
        clusters: vec![Cluster::new("upstream", upstream)],
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

// Answers each request with its head, one per connection; ends with the test.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n"));
            let length = format!("content-length: {}\r\n", head.len());
            let length = if head.starts_with(b"GET /until-close") {
                ""
            } else {
                &length
            };
            let _ = stream.write_all(
                &[
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{length}\r\n").as_bytes(),
                    &head,
                ]
                .concat(),
            );
        }
    });
    address
}

// The status and, where a request reached the upstream, its head without what is random; else the body's text unless
// the codec of hyper refused the request, which it does without one.
fn answer(address: SocketAddr, request: &[u8]) -> (String, Vec<String>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream.write_all(request).unwrap();
    let response = read_until(&mut stream, |read| {
        is_complete(read, request.starts_with(b"HEAD"))
    });
    let response = String::from_utf8_lossy(&response).into_owned();
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut lines: Vec<String> = body
        .lines()
        .filter(|line| {
            !line.starts_with("x-request-id") && *line != "Bad Request" && line.contains(' ')
        })
        .map(str::to_owned)
        .collect();
    lines.sort();
    (status, lines)
}

fn is_complete(response: &[u8], without_body: bool) -> bool {
    let text = String::from_utf8_lossy(response);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let chunked = head.contains("transfer-encoding: chunked") && body.ends_with("0\r\n\r\n");
    without_body || chunked || length.is_some_and(|length: usize| body.len() >= length)
}

fn read_until(stream: &mut TcpStream, done: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !done(&read) {
        match stream.read(&mut buffer) {
            Ok(size @ 1..) => read.extend(buffer.iter().take(size)),
            _ => break,
        }
    }
    read
}
