//! Reloading: new streams are served by the new plugins, those in flight by the old ones.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::engine::ModuleCache;
use crate::listener::{Cluster, ModuleFile, Plugin, Route, sha256_hex};
use crate::trace::{Recorder, text};
use crate::wasm::Wasm;

fn listener(plugin: &str, configure: &str, upstream: SocketAddr) -> Listener {
    let module = Wasm::filter("0_2_1")
        .export(configure, "ii->i", &[])
        .export(
            "proxy_on_request_headers",
            "iii->i",
            &[wasm_encoder::Instruction::I32Const(0)],
        )
        .export(
            "proxy_on_response_headers",
            "iii->i",
            &[wasm_encoder::Instruction::I32Const(0)],
        )
        .finish();
    let file = ModuleFile {
        name: plugin.to_owned(),
        path: PathBuf::from("module.wasm"),
        sha256: sha256_hex(&module),
        bytes: module.into(),
    };
    Listener {
        name: "test".to_owned(),
        plugins: vec![Plugin::new(plugin, file, "")],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "upstream".to_owned(),
        }],
        clusters: vec![Cluster {
            name: "upstream".to_owned(),
            address: upstream,
            http2: false,
        }],
        ..Listener::default()
    }
}

fn send(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        .unwrap();
    client
}

fn answer(mut client: TcpStream) -> String {
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    response
}

// Hands over each request that arrives, to be answered by whoever takes it.
fn upstream() -> (SocketAddr, mpsc::Receiver<TcpStream>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, arrived) = mpsc::channel();
    thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            if sender.send(stream).is_err() {
                return;
            }
        }
    });
    (address, arrived)
}

fn reply(mut stream: TcpStream) {
    let response = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    stream.write_all(response).unwrap();
}

#[test]
fn a_stream_in_flight_ends_on_the_old_plugin_and_the_next_is_served_by_the_new_one() {
    let (upstream, arrived) = upstream();
    let recorder = Recorder::default();
    let options = FrontOptions {
        engine: EngineOptions {
            metering: true,
            cache: ModuleCache::Off,
            ..EngineOptions::default()
        },
        trace: Some(recorder.clone()),
        ..FrontOptions::default()
    };
    let front = Front::start(&[listener("old", "proxy_on_configure", upstream)], &options).unwrap();
    let address = front.address("test").unwrap();
    let first = send(address);
    let first_upstream = arrived.recv().unwrap();

    front
        .reload(&[listener("new", "proxy_on_configure", upstream)])
        .unwrap();
    recorder.take();
    let second = send(address);
    reply(arrived.recv().unwrap());
    assert!(answer(second).starts_with("HTTP/1.1 204"));
    let trace = text(&recorder.take());
    assert!(
        trace.contains("new #2           on_response_headers("),
        "{trace}"
    );
    assert!(!trace.contains("old #"), "{trace}");

    reply(first_upstream);
    assert!(answer(first).starts_with("HTTP/1.1 204"));
    let trace = text(&recorder.take());
    assert!(
        trace.contains("old #2           on_response_headers("),
        "{trace}"
    );
}

#[test]
fn what_does_not_load_is_refused_and_the_old_plugin_serves_on() {
    let (upstream, arrived) = upstream();
    let front = Front::start(
        &[listener("old", "proxy_on_configure", upstream)],
        &FrontOptions::default(),
    )
    .unwrap();
    // A callback of a wrong type (rule V4).
    let refused = front.reload(&[listener("new", "proxy_on_tick", upstream)]);
    assert!(format!("{:#}", refused.unwrap_err()).contains("proxy_on_tick"));
    let client = send(front.address("test").unwrap());
    reply(arrived.recv().unwrap());
    assert!(answer(client).starts_with("HTTP/1.1 204"));
}
