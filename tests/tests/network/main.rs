//! Network filters: the same connections through host-runner and through Envoy. What each filter logged, what the
//! upstream received and what the client got must be the same (sections 1.3, 2.9 and 2.14 of the host rules).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod peer;
mod statuses;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::front::{Front, FrontOptions};
use host_runner::listener::{
    BUFFER_LIMIT, Cluster, FailurePolicy, Listener, ModuleFile, Plugin, Protocol, Route,
};
use host_runner::subject::Subject;
use meshwright_tests::build_modules;

use cases::{Case, Step};
use peer::Peer;

/// How a step that did not come true is reported; a case that waits for what Envoy does not do tests nothing.
const IN_VAIN: &str = "waited in vain:";

/// A listener without filters, at which requests are answered by the proxy itself.
const SETTLER: &str = "settler";

/// What has not changed while so many requests were answered is complete.
const SETTLING: usize = 25;

/// How long a step may take to come true.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn both_proxies_treat_a_connection_alike() {
    let module = probe();
    let cases = cases::all();
    let upstreams: Vec<TcpListener> = cases.iter().map(|_| upstream()).collect();
    let mut listeners: Vec<Listener> = std::iter::zip(&cases, &upstreams)
        .map(|(case, upstream)| listener(case, upstream, &module))
        .collect();
    listeners.push(settler());
    let runner = Front::start(&listeners, &FrontOptions::default()).unwrap();
    let envoy = Envoy::start(&listeners, &EnvoyOptions::default()).unwrap();
    let mut different = Vec::new();
    for (case, upstream) in std::iter::zip(&cases, &upstreams) {
        let (runner, envoy) = (run(case, &runner, upstream), run(case, &envoy, upstream));
        let in_vain = envoy.iter().any(|line| line.starts_with(IN_VAIN));
        if runner != envoy || in_vain {
            let (runner, envoy) = (runner.join("\n  "), envoy.join("\n  "));
            different.push(format!(
                "{}\nhost-runner\n  {runner}\nenvoy\n  {envoy}",
                case.name
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

/// More than the sockets, the front and the connection's buffers hold together.
const MUCH: usize = 16 * 1024 * 1024;

/// What is sent of it at once.
const CHUNK: usize = 16 * 1024;

#[test]
fn a_slow_reader_loses_nothing() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let case = Case {
        name: "much",
        filters: vec![("n.note -", FailurePolicy::FailClosed)],
        buffer_limit: BUFFER_LIMIT,
        refused: false,
        steps: Vec::new(),
    };
    let listener = listener(&case, &upstream, &probe());
    let runner = Front::start(&[listener, settler()], &FrontOptions::default()).unwrap();
    let mut client = TcpStream::connect(runner.address(case.name).unwrap()).unwrap();
    let sent = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&sent);
    let sending = std::thread::spawn(move || {
        for _ in 0..MUCH / CHUNK {
            client.write_all(&[b'x'; CHUNK]).unwrap();
            counted.fetch_add(CHUNK, Ordering::Relaxed);
        }
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        answer.len()
    });
    let (mut upstream, _) = upstream.accept().unwrap();
    // Until all is full.
    unchanging(&runner, || sent.load(Ordering::Relaxed));
    let mut received = Vec::new();
    upstream.read_to_end(&mut received).unwrap();
    upstream.write_all(&received).unwrap();
    drop(upstream);
    assert_eq!((received.len(), sending.join().unwrap()), (MUCH, MUCH));
}

fn probe() -> ModuleFile {
    ModuleFile::read(&build_modules().unwrap().join("probe.wasm")).unwrap()
}

fn upstream() -> TcpListener {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    upstream.set_nonblocking(true).unwrap();
    upstream
}

/// One plugin for each script, each in a VM of its own, so that a trap stays where it is.
fn listener(case: &Case, upstream: &TcpListener, module: &ModuleFile) -> Listener {
    let plugin = |(index, script): (usize, &(&str, _))| {
        let name = plugin_name(case, index);
        let mut plugin = Plugin::new(name.as_str(), module.clone(), script.0);
        plugin.vm.id = Some(name);
        plugin.failure_policy = script.1;
        plugin
    };
    let address = match case.refused {
        true => unused_address(),
        false => upstream.local_addr().unwrap(),
    };
    Listener {
        name: case.name.to_owned(),
        protocol: Protocol::Tcp,
        buffer_limit: case.buffer_limit,
        plugins: case.filters.iter().enumerate().map(plugin).collect(),
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: "up".to_owned(),
        }],
        clusters: vec![Cluster::new("up", address)],
        ..Listener::default()
    }
}

// Nobody listens there once it is dropped.
fn unused_address() -> SocketAddr {
    upstream().local_addr().unwrap()
}

fn plugin_name(case: &Case, index: usize) -> String {
    format!("{}-{index}", case.name)
}

/// What came of a case: how both ends ended, and what each filter logged from its first connection on.
fn run(case: &Case, subject: &dyn Subject, accepting: &TcpListener) -> Vec<String> {
    let address = subject.address(case.name).unwrap();
    let (mut client, mut upstream) = (Peer::connect(address), Peer::default());
    let mut outcome = Vec::new();
    for step in &case.steps {
        let started = Instant::now();
        while !step.take(subject, case, (&mut client, &mut upstream)) {
            if started.elapsed() > PATIENCE {
                outcome.push(format!("{IN_VAIN} {step:?}"));
                break;
            }
            upstream.accept(accepting);
            std::thread::sleep(Duration::from_millis(1));
        }
        if matches!(step, Step::Again) {
            outcome.push(format!("client {client}"));
            client = Peer::connect(address);
        }
    }
    let logs = settled(subject, case);
    client.read_all();
    upstream.read_all();
    outcome.push(format!("client {client}"));
    outcome.push(format!("upstream {upstream}"));
    outcome.extend(logs);
    outcome
}

// A proxy closes a socket before it has told the filters.
fn settled(subject: &dyn Subject, case: &Case) -> Vec<String> {
    let filters = 0..case.filters.len();
    let logs = || -> Vec<String> {
        filters
            .clone()
            .flat_map(|index| logged(subject, case, index))
            .collect()
    };
    unchanging(subject, logs)
}

// What is looked at, once it stays the same while the proxy answers other requests.
fn unchanging<T: PartialEq>(subject: &dyn Subject, look: impl Fn() -> T) -> T {
    let settler = subject.address(SETTLER).unwrap();
    let mut before = look();
    loop {
        (0..SETTLING).for_each(|_| settle(settler));
        let now = look();
        if now == before {
            return now;
        }
        before = now;
    }
}

// One request there, and the answer back: there is no route.
fn settle(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        .unwrap();
    let (mut answer, mut read) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\r\n\r\n") {
        let size = stream.read(&mut read).unwrap();
        assert!(size > 0, "the proxy does not answer any more");
        answer.extend(read.iter().take(size));
    }
}

fn settler() -> Listener {
    Listener {
        name: SETTLER.to_owned(),
        ..Listener::default()
    }
}

fn logged(subject: &dyn Subject, case: &Case, index: usize) -> Vec<String> {
    let lines = subject.logs(&plugin_name(case, index)).into_iter();
    // Before that come the starts of the VMs, of which Envoy has more (rule L2). How a trap is told is not compared.
    let messages = lines
        .filter(|line| line.level == "info")
        .map(|line| line.message);
    messages
        .skip_while(|message| !message.starts_with("@2 "))
        .map(|message| format!("{index}: {message}"))
        .collect()
}
