//! gRPC calls and streams of a filter (rule 2.11): the probe must log the same on host-runner and on Envoy, and the
//! callee must have received the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Route};
use host_runner::subject::Subject;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;

/// Scripts of the probe. All but the last hold their request until the call is over, which puts the log in order.
const SCRIPTS: [&str; 6] = [
    "q.grpc_call grpc test.Svc Ok k=v,k-bin=xyz hello 1000; q.return 1; G.read@5; G.get_status; G.effl; G.cont 0",
    "q.grpc_call grpc test.Svc Err - hello 1000; q.return 1; C.get_status; C.effl; C.cont 0",
    "q.grpc_stream grpc test.Svc Two k=v; q.grpc_send $last hello 1; q.return 1; \
     g.get@4 x-md; G.read@5; T.get@5 x-tr; C.grpc_close $last; C.get_status; C.effl; C.cont 0",
    "q.grpc_call nobody test.Svc Ok - hello 1000; q.return 1; C.get_status; C.effl; C.cont 0",
    "q.grpc_stream nobody test.Svc Ok -; q.return 1; T.dump@5; C.get_status; C.effl; C.cont 0",
    "q.grpc_stream grpc test.Svc Two -; q.grpc_cancel $last; q.grpc_cancel $last; q.grpc_close $last; \
     q.grpc_send $last x 0; q.grpc_send 5 x 0; q.grpc_close 7; q.grpc_call unknown a b - - 0; q.get_status",
];

const PATIENCE: Duration = Duration::from_secs(10);

type Notes = Arc<Mutex<Vec<String>>>;
type Body = Channel<Bytes>;

#[test]
fn calls_and_streams_go_as_on_envoy() {
    let modules = meshwright_tests::build_modules().unwrap();
    let probe = ModuleFile::read(&modules.join("probe.wasm")).unwrap();
    let runtime = Runtime::new().unwrap();
    let [ours, theirs] = [false, true].map(|on_envoy| {
        let notes = Notes::default();
        let callee = callee(&runtime, &notes);
        let listener = listener(&probe, callee);
        let subject: Box<dyn Subject> = match on_envoy {
            false => Box::new(Front::start(&[listener], &FrontOptions::default()).unwrap()),
            true => Box::new(Envoy::start(&[listener], &EnvoyOptions::default()).unwrap()),
        };
        let log = run(subject.as_ref());
        let received = notes.lock().unwrap().clone();
        (log, received)
    });
    assert_eq!(ours, theirs);
}

fn listener(probe: &ModuleFile, callee: SocketAddr) -> Listener {
    let grpc = |name: &str, address| Cluster {
        http2: true,
        ..Cluster::new(name, address)
    };
    Listener {
        name: "grpc".to_owned(),
        plugins: vec![Plugin::new("probe", probe.clone(), "x-script")],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "upstream".to_owned(),
        }],
        clusters: vec![
            Cluster::new("upstream", upstream()),
            grpc("grpc", callee),
            grpc("nobody", closed()),
        ],
        ..Listener::default()
    }
}

// The probe's lines from the first request on; each request is over before the next.
fn run(subject: &dyn Subject) -> Vec<String> {
    let address = subject.address("grpc").unwrap();
    for (index, script) in SCRIPTS.iter().enumerate() {
        get(address, script);
        let over = |line: &String| line.contains(" delete#");
        let waiting = Instant::now();
        while log(subject).iter().filter(|line| over(line)).count() <= index {
            assert!(
                waiting.elapsed() < PATIENCE,
                "{script}: {:#?}",
                log(subject)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    log(subject)
}

fn log(subject: &dyn Subject) -> Vec<String> {
    let lines = subject.logs("probe").into_iter().map(|line| line.message);
    lines
        .skip_while(|line| !line.contains(" request_headers#"))
        .collect()
}

fn get(address: SocketAddr, script: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-script: {script}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200"), "{script}");
}

fn closed() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

// Answers each read with an empty response.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while matches!(stream.read(&mut request), Ok(1..)) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                }
            });
        }
    });
    address
}

// --- the callee ---

fn callee(runtime: &Runtime, notes: &Notes) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let notes = Arc::clone(notes);
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let notes = Arc::clone(&notes);
            let service = service_fn(move |request| answer(Arc::clone(&notes), request));
            let server = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(notes: Notes, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (sender, body) = Channel::new(4);
    tokio::spawn(messages(notes, request, sender));
    let mut response = Response::new(body);
    *response.headers_mut() = map(&[("content-type", "application/grpc"), ("x-md", "1")]);
    Ok(response)
}

// A request that is cut off, as a cancelled one may be, is not noted: whether it comes at all is a matter of time.
async fn messages(notes: Notes, request: Request<Incoming>, mut sender: Sender<Bytes>) {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return;
    };
    let mut headers: Vec<String> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.as_bytes().escape_ascii()))
        .collect();
    headers.sort();
    let message = body.to_bytes().escape_ascii().to_string();
    let note = format!("{} {} {headers:?} {message}", parts.method, parts.uri);
    notes.lock().unwrap().push(note);
    let (messages, trailers): (&[&str], _) = match parts.uri.path() {
        "/test.Svc/Err" => (
            &[],
            map(&[("grpc-status", "7"), ("grpc-message", "no%20way")]),
        ),
        "/test.Svc/Two" => (&["one", ""], map(&[("grpc-status", "0"), ("x-tr", "2")])),
        _ => (&["pong"], map(&[("grpc-status", "0")])),
    };
    for message in messages {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let framed = [&[0], &length[..], message.as_bytes()].concat();
        let _ = sender.send_data(framed.into()).await;
    }
    let _ = sender.send_trailers(trailers).await;
}

fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    pairs.collect()
}
