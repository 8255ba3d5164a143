//! Ten thousand streams with every fault of a call, clients that leave and a filter that traps, under each failure policy:
//! every response is the one that the policy says, and nothing is left behind.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use anyhow::ensure;
use fastrand::Rng;
use host_runner::listener::{FailurePolicy, Plugin, VmOptions};
use host_runner::scenario::client::{ClientRequest, Response};
use host_runner::testing::{Broken, Fault, FaultPlan, Reply, TestHost, Usage};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::build_module;

/// Of each failure policy.
const STREAMS: usize = 4_000;
/// Streams that are under way at the same time.
const AT_ONCE: usize = 20;
/// Longer than any call takes, and than a reload waits for (rule T3).
const BETWEEN: Duration = Duration::from_secs(5);
const RELOAD_BACKOFF: Duration = Duration::from_secs(1);

/// Clusters, how calls to them fail, and what the filter is told of it: the status, or the hostcall's own.
const CALLS: [(&str, Option<Fault>, &str); 10] = [
    ("fine", None, "h1.get@6 :status => 0 204"),
    (
        "refused",
        Some(Fault::ConnectionRefused),
        "h1.get@6 :status => 0 503",
    ),
    ("silent", Some(Fault::Silence), "h1.get@6 :status => 0 504"),
    ("reset", Some(Fault::Reset), "h1.get@6 :status => 0 503"),
    ("broken", Some(Fault::ResetInBody), "h1.get@6 :status => 2"),
    (
        "failing",
        Some(Fault::Status(500)),
        "h1.get@6 :status => 0 500",
    ),
    (
        "slow",
        Some(Fault::Slow(Duration::from_millis(300))),
        "h1.get@6 :status => 0 204",
    ),
    ("twice", Some(Fault::Twice), "h1.get@6 :status => 0 204"),
    (
        "unknown",
        Some(Fault::UnknownToken),
        "h1.get@6 :status => 0 204",
    ),
    (
        "undispatched",
        Some(Fault::RefusedDispatch),
        "- - 1000 => 10",
    ),
];

/// What one stream does.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Index into [`CALLS`].
    call: Option<usize>,
    trap: Option<Trap>,
    leaves: bool,
    body: usize,
}

/// Where the filter traps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trap {
    RequestHeaders,
    ResponseHeaders,
    ResponseBody,
    Log,
}

/// What must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// 200, and what the filter was told of its call.
    Told(Option<&'static str>),
    /// 503 with an empty body (rules T1, T3).
    Unavailable,
    Broken(&'static Broken),
}

/// The VM of the filter that traps, as its policy treats it.
struct Model {
    policy: FailurePolicy,
    failed: bool,
    loaded: Duration,
    now: Duration,
}

#[test]
fn a_filter_that_fails_closed_fails_every_stream_from_then_on() -> anyhow::Result<()> {
    // The last tenth, because there is no way back.
    run(FailurePolicy::FailClosed, |random, number| {
        number > STREAMS * 9 / 10 && random.u8(..20) == 0
    })
}

#[test]
fn a_filter_that_fails_open_is_passed_over_from_then_on() -> anyhow::Result<()> {
    run(FailurePolicy::FailOpen, |random, number| {
        number > STREAMS / 2 && random.u8(..20) == 0
    })
}

#[test]
fn a_filter_that_is_reloaded_is_back_after_a_while() -> anyhow::Result<()> {
    run(FailurePolicy::FailReload, |random, _| random.u8(..40) == 0)
}

fn run(policy: FailurePolicy, traps: impl Fn(&mut Rng, usize) -> bool) -> anyhow::Result<()> {
    let mut host = host(policy)?;
    let mut random = Rng::with_seed(1);
    let mut model = Model::new(policy);
    let mut told = [0; CALLS.len()];
    // What is made once is there before anything is counted.
    host.send(&Plan::quiet().request())?;
    let before = host.usage();
    let mut number = 0;
    while number < STREAMS {
        let plans = batch(&mut random, |random| traps(random, number));
        number += plans.len();
        let expected = model.expect(&plans);
        let exchanges = plans.iter().map(|plan| host.begin(&plan.request()));
        let exchanges: Vec<_> = exchanges.collect::<anyhow::Result<_>>()?;
        for (plan, exchange) in plans.iter().zip(&exchanges) {
            if plan.leaves {
                host.leave(*exchange);
            }
        }
        host.advance(BETWEEN);
        model.now += BETWEEN;
        for ((plan, expected), exchange) in plans.iter().zip(expected).zip(exchanges) {
            let outcome = host.poll(exchange).unwrap_or(Err(Broken::Unanswered));
            check(expected, &outcome).map_err(|why| why.context(format!("{plan:?}, {number}")))?;
            if let (Expected::Told(_), Some(call)) = (expected, plan.call) {
                told[call] += 1;
            }
        }
        host.received();
        same(&before, &host.usage())?;
    }
    ensure!(
        told.iter().all(|times| *times > 20),
        "every fault was met: {told:?}"
    );
    Ok(())
}

// Memory may grow while a module warms up; everything else is as before.
fn same(before: &Usage, after: &Usage) -> anyhow::Result<()> {
    let after_but_memory = Usage {
        memory: before.memory,
        ..*after
    };
    ensure!(
        *before == after_but_memory,
        "left behind: {after:?}, was {before:?}"
    );
    ensure!(
        after.memory <= before.memory * 2,
        "memory grew: {after:?}, was {before:?}"
    );
    Ok(())
}

fn host(policy: FailurePolicy) -> anyhow::Result<TestHost> {
    let module = build_module("probe")?;
    let plugin = |name: &str, header: &str, failure_policy| Plugin {
        vm: VmOptions {
            id: Some(name.to_owned()),
            ..VmOptions::default()
        },
        failure_policy,
        ..Plugin::new(name, module.clone(), header)
    };
    let mut builder = TestHost::builder()
        .plugin(plugin("traps", "x-trap", policy))
        .plugin(plugin("calls", "x-script", FailurePolicy::FailClosed))
        .cluster("upstream", |_| Reply::new(StatusCode::OK, "fine"));
    let mut plan = FaultPlan::new();
    for (cluster, fault, _) in CALLS {
        builder = builder.cluster(cluster, |_| Reply::new(StatusCode::NO_CONTENT, ""));
        if let Some(fault) = fault {
            plan = plan.every(cluster, fault);
        }
    }
    builder.faults(plan).seed(11).start()
}

// One that traps later than in its request headers is alone, so that it is known whom that concerns.
fn batch(random: &mut Rng, traps: impl Fn(&mut Rng) -> bool) -> Vec<Plan> {
    let plans: Vec<Plan> = (0..AT_ONCE)
        .map(|_| {
            let is_trap = traps(random);
            Plan::random(random, is_trap)
        })
        .collect();
    let late = |plan: &&Plan| plan.trap.is_some_and(|trap| trap != Trap::RequestHeaders);
    match plans.iter().find(late) {
        Some(plan) => vec![*plan],
        None => plans,
    }
}

fn check(expected: Expected, outcome: &Result<Response, Broken>) -> anyhow::Result<()> {
    let is_so = match (expected, outcome) {
        (Expected::Told(told), Ok(response)) => {
            let seen = response.headers.iter().filter(|(name, _)| name == "x-seen");
            let seen: Vec<_> = seen
                .map(|(_, value)| String::from_utf8_lossy(value))
                .collect();
            let is_told = told.is_none_or(|told| seen.iter().any(|seen| seen.contains(told)));
            response.status == 200 && response.body == b"fine" && is_told
        }
        (Expected::Unavailable, Ok(response)) => response.status == 503 && response.body.is_empty(),
        (Expected::Broken(broken), Err(why)) => broken == why,
        (Expected::Broken(_), Ok(_)) | (_, Err(_)) => false,
    };
    ensure!(is_so, "expected {expected:?}, got {outcome:?}");
    Ok(())
}

// === impl Plan ===

impl Plan {
    fn quiet() -> Self {
        Self {
            call: None,
            trap: None,
            leaves: false,
            body: 0,
        }
    }

    fn random(random: &mut Rng, is_trap: bool) -> Self {
        let traps = [
            Trap::RequestHeaders,
            Trap::RequestHeaders,
            Trap::ResponseHeaders,
            Trap::ResponseBody,
            Trap::Log,
        ];
        let trap = random.choice(traps).filter(|_| is_trap);
        Self {
            call: (random.u8(..3) > 0).then(|| random.usize(..CALLS.len())),
            leaves: trap.is_none() && random.u8(..30) == 0,
            trap,
            body: random.choice([0, 0, 1, 2_000]).unwrap_or_default(),
        }
    }

    fn request(&self) -> ClientRequest {
        let request = match self.body {
            0 => ClientRequest::get("/"),
            body => ClientRequest::post("/", vec![b'x'; body]),
        };
        let trap = match self.trap {
            None => "q.note none",
            Some(Trap::RequestHeaders) => "q.trap",
            Some(Trap::ResponseHeaders) => "s.trap",
            Some(Trap::ResponseBody) => "r.trap",
            Some(Trap::Log) => "l.trap",
        };
        let called = self.call.and_then(|call| CALLS.get(call));
        let calls = called.map_or_else(
            || "q.note none".to_owned(),
            |(cluster, fault, _)| {
                let waits = match fault {
                    Some(Fault::RefusedDispatch) => "",
                    _ => "q.return 4; h.set_effective_context $owner; h1.get@6 :status; h1.cont 0",
                };
                format!("q.http_call {cluster} :method=GET,:path=/,:authority=a - - 1000; {waits}")
            },
        );
        let script = |value: &str| HeaderValue::from_str(value).unwrap();
        request
            .header(HeaderName::from_static("x-trap"), script(trap))
            .header(HeaderName::from_static("x-script"), script(&calls))
    }

    fn told(&self) -> Expected {
        let call = self.call.and_then(|call| CALLS.get(call));
        Expected::Told(call.map(|(_, _, told)| *told))
    }
}

// === impl Model ===

impl Model {
    fn new(policy: FailurePolicy) -> Self {
        Self {
            policy,
            failed: false,
            loaded: Duration::ZERO,
            now: BETWEEN,
        }
    }

    /// What must come of streams that begin one after the other before anything else of them happens.
    fn expect(&mut self, plans: &[Plan]) -> Vec<Expected> {
        let mut expected: Vec<Expected> = Vec::new();
        // Those whose filter is in the VM that is there now.
        let mut concerned: Vec<usize> = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            if self.failed
                && self.policy == FailurePolicy::FailReload
                && self.now >= self.loaded + RELOAD_BACKOFF
            {
                (self.failed, self.loaded) = (false, self.now);
                concerned.clear();
            }
            expected.push(match (self.failed, self.policy, plan.trap) {
                (true, FailurePolicy::FailOpen, _) | (false, _, None) => plan.told(),
                (true, ..) | (false, _, Some(Trap::RequestHeaders)) => Expected::Unavailable,
                (false, _, Some(Trap::ResponseHeaders)) => Expected::Unavailable,
                (false, _, Some(Trap::ResponseBody)) => Expected::Broken(&Broken::Reset),
                (false, _, Some(Trap::Log)) => plan.told(),
            });
            if self.failed {
                continue;
            }
            concerned.push(index);
            if plan.trap.is_some() {
                self.failed = true;
                // Streams in flight get 503 at their next event, whatever the policy (rules T1, T4).
                for other in concerned.drain(..).filter(|other| *other != index) {
                    expected[other] = match plans[other].leaves {
                        true => Expected::Broken(&Broken::Left),
                        false => Expected::Unavailable,
                    };
                }
            }
        }
        // Who leaves does not wait for anything that is not there at once.
        let left = plans.iter().zip(&mut expected);
        for (_, expected) in left
            .filter(|(plan, expected)| plan.leaves && !matches!(expected, Expected::Unavailable))
        {
            *expected = Expected::Broken(&Broken::Left);
        }
        expected
    }
}
