use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::envoy::bootstrap::module_file_name;
use crate::listener::{Cluster, ModuleFile, Plugin, Route};

/// A plugin that logs `at /rules/0: bad` and refuses every configuration but the empty one.
///
/// ```wat
/// (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
/// (memory (export "memory") 1)
/// (data (i32.const 0) "at /rules/0: bad")
/// (func (export "proxy_abi_version_0_2_1"))
/// (func (export "malloc") (param i32) (result i32) (i32.const 1024))
/// (func (export "proxy_on_configure") (param i32 i32) (result i32)
///   (drop (call $log (i32.const 4) (i32.const 0) (i32.const 16)))
///   (i32.eqz (local.get 1)))
/// ```
const CRITIC: &[u8] = b"\x00asm\x01\x00\x00\x00\
    \x01\x16\x04`\x03\x7f\x7f\x7f\x01\x7f`\x00\x00`\x01\x7f\x01\x7f`\x02\x7f\x7f\x01\x7f\
    \x02\x11\x01\x03env\x09proxy_log\x00\x00\x03\x04\x03\x01\x02\x03\x05\x03\x01\x00\x01\
    \x07B\x04\x06memory\x02\x00\x17proxy_abi_version_0_2_1\x00\x01\x06malloc\x00\x02\
    \x12proxy_on_configure\x00\x03\
    \x0a\x19\x03\x02\x00\x0b\x05\x00A\x80\x08\x0b\x0e\x00A\x04A\x00A\x10\x10\x00\x1a \x01E\x0b\
    \x0b\x16\x01\x00A\x00\x0b\x10at /rules/0: bad";

fn critic(configuration: &str) -> Plugin {
    let module = ModuleFile {
        name: "critic".to_owned(),
        path: "critic.wasm".into(),
        bytes: CRITIC.into(),
        sha256: sha256_hex(CRITIC),
    };
    Plugin::new("main/critic", module, configuration)
}

fn listener(plugins: Vec<Plugin>) -> Listener {
    Listener {
        name: "main".to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        plugins,
        routes: vec![Route {
            name: String::new(),
            state: Some((
                "meshwright.destination".to_owned(),
                "nobody sets it".to_owned(),
            )),
            cluster: "reviews".to_owned(),
        }],
        clusters: vec![Cluster::new("reviews", ([127, 0, 0, 1], 9).into())],
        ..Listener::default()
    }
}

fn start(listener: Listener) -> anyhow::Result<Envoy> {
    Envoy::start(&[listener], &EnvoyOptions::default())
}

fn get(address: SocketAddr) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: reviews\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_started_envoy_serves_and_a_request_without_route_gets_404() {
    let envoy = start(listener(vec![critic("")])).unwrap();
    let answer = get(envoy.address("main").unwrap());
    assert!(answer.starts_with("HTTP/1.1 404 Not Found"), "{answer}");
}

#[test]
fn what_a_plugin_logs_can_be_read() {
    let envoy = start(listener(vec![critic("")])).unwrap();
    let logs = envoy.logs("main/critic");
    let expected = LogLine {
        level: "error".to_owned(),
        message: "at /rules/0: bad".to_owned(),
    };
    assert!(
        !logs.is_empty() && logs.iter().all(|line| *line == expected),
        "{logs:?}"
    );
    assert!(envoy.logs("another").is_empty());
}

#[test]
fn envoy_has_loaded_exactly_the_bytes_of_the_listener() {
    let envoy = start(listener(vec![critic("")])).unwrap();
    let hashes = envoy.module_hashes().unwrap();
    assert_eq!(
        hashes,
        BTreeMap::from([("main/critic".to_owned(), sha256_hex(CRITIC))])
    );
}

#[test]
fn a_refused_configuration_is_an_error_in_the_plugins_own_words() {
    let error = start(listener(vec![critic("{}")])).unwrap_err().to_string();
    assert!(
        error.contains("plugin `main/critic`: at /rules/0: bad"),
        "{error}"
    );
}

#[test]
fn something_that_is_no_module_is_an_error() {
    let mut plugin = critic("");
    plugin.module.bytes = b"not wasm".as_slice().into();
    let error = start(listener(vec![plugin])).unwrap_err().to_string();
    assert!(
        error.contains("Failed to parse corrupted Wasm module"),
        "{error}"
    );
}

#[test]
fn a_taken_port_is_an_error_that_names_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut listener = listener(Vec::new());
    listener.address = taken.local_addr().unwrap();
    let error = start(listener).unwrap_err().to_string();
    let expected = format!(
        "cannot bind '{}': Address already in use",
        taken.local_addr().unwrap()
    );
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn several_run_side_by_side_and_leave_nothing_behind() {
    let (first, second) = (
        start(listener(Vec::new())).unwrap(),
        start(listener(Vec::new())).unwrap(),
    );
    assert_ne!(first.address("main"), second.address("main"));
    let process = PathBuf::from(format!("/proc/{}", first.process_id()));
    let folder = first._files.folder().to_owned();
    assert!(process.exists() && folder.exists());
    drop(first);
    assert!(!process.exists() && !folder.exists());
    get(second.address("main").unwrap());
}

#[test]
fn the_yaml_for_people_is_a_bootstrap_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envoy.yaml");
    let listener = listener(vec![critic("")]);
    std::fs::write(
        folder
            .path()
            .join(module_file_name(&listener.plugins[0].module)),
        CRITIC,
    )
    .unwrap();
    let options = BootstrapOptions {
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        modules: Some(folder.path().to_owned()),
    };
    let yaml = super::super::to_yaml(&bootstrap(
        &[
            listener.clone(),
            Listener {
                name: "b".to_owned(),
                ..listener
            },
        ],
        &options,
    ));
    std::fs::write(&file, yaml.unwrap()).unwrap();
    let envoy = locate::require().unwrap().path;
    let output = Command::new(envoy)
        .args(["--mode", "validate", "--config-path"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
