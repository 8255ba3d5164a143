//! What only a host in memory can show: time that passes when the test says so, orders by seed, writers that collide.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::OnceLock;
use std::time::Duration;

use host_runner::listener::{ModuleFile, Plugin};
use host_runner::scenario::client::ClientRequest;
use host_runner::testing::{
    Answering, Broken, Delivery, FaultPlan, Reply, TestHost, TestHostBuilder,
};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::build_module;

const CALL: &str = "q.http_call auth :method=GET,:path=/,:authority=a - - 1000; q.return 4; \
                    h.set_effective_context $owner; h1.get@6 :status; h1.cont 0";

#[test]
fn timers_fire_as_virtual_time_passes_and_no_sooner() {
    let script = "c.note created; f.set_tick_period_milliseconds 1000";
    let mut host = probe(script).start().unwrap();
    let ticks = |host: &TestHost| {
        lines(host)
            .iter()
            .filter(|line| line.contains(" tick#"))
            .count()
    };
    host.advance(Duration::from_millis(999));
    assert_eq!(ticks(&host), 0);
    host.advance(Duration::from_millis(1));
    // The main thread has its root too (rule L2).
    assert_eq!(ticks(&host), 2);
    host.advance(Duration::from_secs(9));
    assert_eq!(ticks(&host), 20);
}

#[test]
fn the_clock_of_the_filter_is_the_virtual_one() {
    let mut host = probe("x-script").start().unwrap();
    let before = host.now();
    host.advance(Duration::from_secs(3600));
    assert_eq!(
        host.now().duration_since(before).unwrap(),
        Duration::from_secs(3600)
    );
    let response = host
        .send(&scripted("q.get_current_time_nanoseconds"))
        .unwrap();
    let seen = &response
        .headers
        .iter()
        .find(|(name, _)| name == "x-seen")
        .unwrap()
        .1;
    let seconds = String::from_utf8_lossy(seen).into_owned();
    // 2026-01-01T01:00:00Z.
    assert!(seconds.ends_with("=> 0 1767229200000000000"), "{seconds}");
}

#[test]
fn a_write_that_compares_can_be_made_to_meet_another_writer() {
    let script = "q.set_shared_data k v 0; q.get_shared_data k; q.set_shared_data k w $last";
    let outcome = |plan| {
        let mut host = probe("x-script").faults(plan).start().unwrap();
        let response = host.send(&scripted(script)).unwrap();
        let mut seen = response
            .headers
            .into_iter()
            .filter(|(name, _)| name == "x-seen");
        String::from_utf8_lossy(&seen.next_back().unwrap().1).into_owned()
    };
    assert_eq!(
        outcome(FaultPlan::new()),
        "q.set_shared_data k w $last => 0"
    );
    // `CasMismatch`.
    let colliding = FaultPlan::new().cas_conflicts(1, 1.0);
    assert_eq!(outcome(colliding), "q.set_shared_data k w $last => 8");
}

#[test]
fn a_seed_gives_one_order_and_other_seeds_give_others() {
    let run = |seed| {
        let mut host = probe("x-script").workers(3).seed(seed).start().unwrap();
        let exchanges: Vec<_> = (0..8)
            .map(|_| host.begin(&scripted(CALL)).unwrap())
            .collect();
        let outcomes = exchanges
            .into_iter()
            .map(|it| host.finish(it).unwrap().status);
        assert_eq!(outcomes.collect::<Vec<_>>(), [200; 8]);
        lines(&host)
    };
    assert_eq!(run(1), run(1));
    let first = run(1);
    assert!((2..6).any(|seed| run(seed) != first));
}

#[test]
fn an_answer_that_comes_when_its_stream_is_gone_finds_nobody() {
    let late = Delivery {
        answering: Answering::AfterStream,
        ..Delivery::default()
    };
    let mut host = probe("x-script").delivery(late).start().unwrap();
    let exchange = host.begin(&scripted(CALL)).unwrap();
    assert_eq!(host.finish(exchange), Err(Broken::Left));
    let lines = lines(&host);
    let deleted = lines
        .iter()
        .position(|line| line.contains(" delete#"))
        .unwrap();
    let answered = lines
        .iter()
        .position(|line| line.contains(" http_call_response#"))
        .unwrap();
    assert!(deleted < answered, "{lines:#?}");
    assert_eq!(host.usage().streams, 0);
    assert_eq!(host.usage().calls, 0);
}

fn probe(configuration: &str) -> TestHostBuilder {
    TestHost::builder()
        .plugin(Plugin::new("probe", module(), configuration))
        .cluster("auth", |_| Reply::new(StatusCode::NO_CONTENT, ""))
}

// Built once for all tests of the process.
fn module() -> ModuleFile {
    static MODULE: OnceLock<ModuleFile> = OnceLock::new();
    let module = MODULE.get_or_init(|| build_module("probe").unwrap());
    module.clone()
}

fn scripted(script: &str) -> ClientRequest {
    let script = HeaderValue::from_str(script).unwrap();
    ClientRequest::get("/").header(HeaderName::from_static("x-script"), script)
}

fn lines(host: &TestHost) -> Vec<String> {
    let lines = host.logs("probe").into_iter();
    lines.map(|line| line.message).collect()
}
