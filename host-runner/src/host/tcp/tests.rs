//! A connection without filters, told by hand what happens to it: when it connects, what it writes, how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::Peer;
use crate::engine::{Engine, EngineOptions};
use crate::host::effect::{Effect, TcpEffect};
use crate::host::stream::{Connection, UpstreamInfo};
use crate::host::vm_state::Shared;
use crate::host::worker::Worker;
use crate::host::world::StreamId;
use crate::listener::{Cluster, Listener, Protocol, Route};

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

/// A worker and its only connection.
struct Told {
    worker: Worker,
    id: StreamId,
}

#[test]
fn it_connects_to_the_first_routes_cluster_and_reads_nothing_before() {
    let mut told = Told::open();
    assert_eq!(told.effects(), ["connect 1"]);
}

#[test]
fn what_the_client_sends_goes_to_the_upstream_with_its_end() {
    let mut told = Told::connected();
    told.arrived(Peer::Downstream, "hello", true);
    assert_eq!(told.effects(), ["write Upstream hello end"]);
}

#[test]
fn it_is_open_until_both_have_ended_and_all_is_written() {
    let mut told = Told::connected();
    told.arrived(Peer::Downstream, "", true);
    told.arrived(Peer::Upstream, "bye", true);
    assert_eq!(
        told.effects(),
        ["write Upstream  end", "write Downstream bye end"]
    );
    told.written(Peer::Downstream);
    assert_eq!(told.effects(), ["close Now"]);
}

#[test]
fn the_client_that_ends_last_has_its_end_sent() {
    let mut told = Told::connected();
    told.arrived(Peer::Upstream, "", true);
    told.written(Peer::Downstream);
    told.arrived(Peer::Downstream, "bye", true);
    assert_eq!(
        told.effects(),
        [
            "write Downstream  end",
            "write Upstream bye end",
            "close Flushed"
        ]
    );
}

#[test]
fn an_upstream_that_is_done_in_both_directions_takes_the_client_with_it_once_that_has_all() {
    let mut told = Told::connected();
    told.arrived(Peer::Downstream, "", true);
    told.written(Peer::Upstream);
    told.arrived(Peer::Upstream, "bye", true);
    assert_eq!(
        told.effects(),
        ["write Upstream  end", "write Downstream bye end"]
    );
    told.arrived(Peer::Downstream, "ignored", false);
    told.written(Peer::Downstream);
    assert_eq!(told.effects(), ["close Now"]);
}

#[test]
fn closing_waits_for_what_was_written_and_lets_nothing_else_pass() {
    let mut told = Told::connected();
    told.arrived(Peer::Upstream, "last", false);
    told.worker.close_connection(told.id);
    told.arrived(Peer::Upstream, "too late", false);
    assert_eq!(told.effects(), ["write Downstream last"]);
    told.written(Peer::Downstream);
    assert_eq!(told.effects(), ["close Now"]);
}

#[test]
fn a_reset_is_passed_on_once() {
    let mut told = Told::connected();
    told.worker.tcp_reset(told.id, Peer::Upstream);
    told.worker.tcp_reset(told.id, Peer::Downstream);
    assert_eq!(told.effects(), ["close Reset"]);
}

#[test]
fn an_upstream_that_cannot_be_reached_closes_the_connection() {
    let mut told = Told::open();
    told.worker.tcp_not_connected(told.id);
    assert_eq!(told.effects(), ["connect 1", "close Now"]);
}

#[test]
fn nothing_is_written_after_the_end() {
    let mut told = Told::connected();
    told.arrived(Peer::Downstream, "", true);
    told.worker.continue_reading(told.id, 0);
    assert_eq!(told.effects(), ["write Upstream  end"]);
}

// === impl Told ===

impl Told {
    fn open() -> Self {
        let cluster = |name: &str| Cluster::new(name, NOWHERE);
        let listener = Listener {
            protocol: Protocol::Tcp,
            routes: vec![Route {
                name: String::new(),
                state: None,
                cluster: "second".to_owned(),
            }],
            clusters: vec![cluster("first"), cluster("second")],
            ..Listener::default()
        };
        let engine = Arc::new(Engine::new(&EngineOptions::default()).unwrap());
        let mut worker = Worker::start(&engine, &[listener], &Shared::default()).unwrap();
        let chain = worker.chain(0).unwrap();
        let id = worker.tcp_open(
            &chain,
            Connection {
                id: 0,
                peer: NOWHERE,
                local: NOWHERE,
                protocol: "",
            },
        );
        Self { worker, id }
    }

    fn connected() -> Self {
        let mut told = Self::open();
        let upstream = UpstreamInfo::connected(NOWHERE, NOWHERE, (Instant::now(), Instant::now()));
        told.worker.tcp_connected(told.id, upstream);
        told.effects();
        told
    }

    fn arrived(&mut self, from: Peer, text: &str, end: bool) {
        self.worker.tcp_arrived(self.id, from, text.as_bytes(), end);
    }

    fn written(&mut self, to: Peer) {
        self.worker.tcp_written(self.id, to);
    }

    /// What the worker has asked for since the last time.
    fn effects(&mut self) -> Vec<String> {
        let effects = std::iter::from_fn(|| self.worker.next_effect());
        effects.map(|effect| shown(&effect)).collect()
    }
}

fn shown(effect: &Effect) -> String {
    let Effect::Tcp(_, effect) = effect else {
        return format!("{effect:?}");
    };
    match effect {
        TcpEffect::Connect { cluster } => format!("connect {cluster}"),
        TcpEffect::Write { to, bytes, end } => {
            let text = String::from_utf8_lossy(bytes);
            let end = if *end { " end" } else { "" };
            format!("write {to:?} {text}{end}")
        }
        TcpEffect::Read(from, read) => format!("read {from:?} {read}"),
        TcpEffect::Close(ending) => {
            format!("close {ending:?}")
        }
    }
}
