//! Labels of metrics, as a real Envoy shows them to Prometheus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use host_runner::envoy::{Envoy, EnvoyOptions};
use host_runner::listener::{Cluster, Listener, Plugin, Route};
use host_runner::scenario::client::{ClientRequest, send};
use host_runner::subject::Subject as _;
use meshwright_tests::build_module;

/// How long Envoy's main thread may take to gather what its workers have counted.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_counter_a_gauge_and_a_histogram_have_their_labels_in_prometheus() {
    let module = build_module("count-statuses").unwrap();
    let plugin = Plugin::new("count-statuses", module, r#"{"sample": 1000}"#);
    let envoy = Envoy::start(&[listener(plugin)], &EnvoyOptions::default()).unwrap();
    request(&envoy);
    let seen = [
        "\nexchanges_total{status=\"503\"} 1\n",
        "\nlast_exchange_seconds{status=\"503\"} 1",
        "\nresponse_bytes_count{status=\"503\"} 1\n",
        "\nresponse_bytes_sum{status=\"503\"} ",
        "\nresponse_bytes_bucket{status=\"503\",le=\"500\"} 1\n",
    ];
    let started = Instant::now();
    let mut metrics = envoy.metrics().unwrap();
    while !seen.iter().all(|line| metrics.contains(line)) {
        assert!(started.elapsed() < PATIENCE, "{metrics}");
        metrics = envoy.metrics().unwrap();
    }
    assert!(!metrics.contains("=.="), "{metrics}");
}

// Envoy answers 503 itself, with a body.
fn request(envoy: &Envoy) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = envoy.address("labels").unwrap();
    let response = runtime.block_on(send(address, ClientRequest::get("/")));
    assert_eq!(response.unwrap().status, 503);
}

fn listener(plugin: Plugin) -> Listener {
    let nobody = Cluster::new("nobody", ([127, 0, 0, 1], 1).into());
    Listener {
        name: "labels".to_owned(),
        plugins: vec![plugin],
        routes: vec![Route {
            name: String::new(),
            state: None,
            cluster: nobody.name.clone(),
        }],
        clusters: vec![nobody],
        ..Listener::default()
    }
}
