//! Every status on every hostcall of every network filter that is written with the SDK: none traps.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use host_runner::front::{Front, FrontOptions};
use host_runner::inspect::inspect;
use host_runner::listener::{Cluster, Listener, ModuleFile, Plugin, Protocol, Route};
use host_runner::subject::Subject as _;
use host_runner::testing::FaultPlan;
use meshwright_tests::build_modules;

use super::{settler, unchanging};

const FILTERS: [(&str, &str); 3] = [
    ("tcp-gate", r#"{"begins_with": "PROXY "}"#),
    ("sdk-streams", "{}"),
    ("sdk-streams", r#"{"ask": "asked"}"#),
];

/// Those of the specification, the first that it has not, and the last that there is.
const STATUSES: [u32; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, u32::MAX];

/// A filter that cannot even close holds its connection, until the client leaves.
const PATIENCE: Duration = Duration::from_millis(50);

#[test]
fn no_status_of_any_hostcall_traps_a_network_filter() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = Cluster::new("up", upstream.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in upstream.incoming().flatten() {
            std::thread::spawn(|| greet(stream));
        }
    });
    let folder = build_modules().unwrap();
    for (name, configuration) in FILTERS {
        let module = ModuleFile::read(&folder.join(format!("{name}.wasm"))).unwrap();
        let plugin = Plugin::new(name, module, configuration);
        let imports = inspect(&plugin.module).unwrap().imports.into_iter();
        for hostcall in imports.filter(|import| import.name.starts_with("proxy_")) {
            for status in STATUSES {
                let faults = FaultPlan::new().status(&hostcall.name, status);
                let traps = traps(&plugin, &cluster, faults);
                assert!(traps.is_empty(), "{} {status}: {traps:?}", hostcall.name);
            }
        }
    }
}

fn traps(plugin: &Plugin, cluster: &Cluster, faults: FaultPlan) -> Vec<String> {
    let asked = Cluster::new("asked", cluster.address);
    let listener = Listener {
        name: plugin.name.clone(),
        protocol: Protocol::Tcp,
        plugins: vec![plugin.clone()],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: cluster.name.clone(),
        }],
        clusters: vec![cluster.clone(), asked],
        ..Listener::default()
    };
    let options = FrontOptions {
        faults,
        ..FrontOptions::default()
    };
    let runner = Front::start(&[listener, settler()], &options).unwrap();
    let mut client = TcpStream::connect(runner.address(&plugin.name).unwrap()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    // What breaks off is no trap.
    let _ = client.write_all(b"PROXY hello");
    let _ = client.shutdown(Shutdown::Write);
    let _ = client.read_to_end(&mut Vec::new());
    drop(client);
    unchanging(&runner, || {
        let logs = runner.logs(&plugin.name).into_iter();
        let traps = logs.filter(|line| line.level == "critical");
        traps.map(|line| line.message).collect()
    })
}

// As one that speaks first; whoever asks it by HTTP gets an answer that is none.
fn greet(mut stream: TcpStream) {
    let _ = stream.write_all(b"220 ready. ");
    let _ = stream.read_to_end(&mut Vec::new());
    let _ = stream.write_all(b"welcome");
}
