//! Every hostcall with arguments that no module means: wild addresses, huge lengths, lists that are none, wrong types.
//! None may panic the host, leave anything of its stream behind, or make it grow without bound.
//!
//! `cargo test -p meshwright-tests --test hostcalls` runs a bounded number; `HOSTCALL_SCRIPTS=1000000` runs that many, and
//! `HOSTCALL_SEED` begins elsewhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use fastrand::Rng;
use host_runner::inspect::inspect;
use host_runner::listener::{FailurePolicy, Plugin};
use host_runner::scenario::client::ClientRequest;
use host_runner::testing::{Delivery, Reply, TestHost};
use http::{HeaderName, HeaderValue, StatusCode};
use meshwright_tests::build_module;

/// Unless the environment says otherwise.
const SCRIPTS: u64 = 3_000;
/// After so many of them usage is looked at.
const TOGETHER: u64 = 100;
/// The memory of a VM may not pass the engine's limit; there are three, and the one that is replaced.
const MAX_MEMORY: u64 = 4 * host_runner::engine::MAX_MEMORY;

/// Callbacks of streams and those of roots that streams cause.
const STAGES: [char; 10] = ['q', 'b', 't', 's', 'r', 'u', 'l', 'd', 'h', 'k'];
/// Numbers at the edges of what they are cut to.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "-1",
    "0x7fffffff",
    "0x80000000",
    "0xffffffff",
    "99",
];
/// Regions: outside the memory, at its very end, and far too long.
const REGIONS: [&str; 8] = [
    "&0,0",
    "&0,16",
    "&4,0xffffffff",
    "&0xfffffff0,16",
    "&0xffffffff,0xffffffff",
    "&0x7fffffff,1",
    "&65535,2",
    "&0,0x7fffffff",
];
/// Bytes: names, values, paths, lists that are cut off or lie about their sizes.
const BYTES: [&str; 24] = [
    "-",
    "x-a",
    ":path",
    ":status",
    ":method",
    "abc",
    "%00",
    "%ff%fe",
    "*70000",
    "$last",
    "upstream",
    "auth",
    "request%00path",
    "filter_state%00x",
    "verify_signature",
    "compress",
    "expr_create",
    "declare_property",
    "a=b,c=d",
    ":method=GET,:path=/,:authority=a",
    "!%ff%ff%ff%ff",
    "!%02%00%00%00%ff%ff%ff%7f%00%00%00%00",
    "!%01%00%00%00%01%00%00%00%01%00%00%00a",
    "%0a%05%ff%ff%ff%ff%0f",
];
/// What is not a hostcall and makes them harder: an allocator that fails or traps, memory that grows, traps.
const DISTURBANCES: [&str; 8] = [
    "mallocfail on",
    "mallocfail off",
    "malloctrap on",
    "malloctrap off",
    "mallocall on",
    "mallocall off",
    "memgrow 3",
    "trap",
];

#[test]
fn no_argument_of_a_hostcall_harms_the_host() {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().unwrap());
    let (seed, count) = (
        number("HOSTCALL_SEED").unwrap_or(1),
        number("HOSTCALL_SCRIPTS"),
    );
    let mut surface = Surface::new();
    for batch in (0..count.unwrap_or(SCRIPTS)).step_by(usize::try_from(TOGETHER).unwrap()) {
        for script in batch..batch + TOGETHER {
            surface.run(&mut Rng::with_seed(seed + script));
        }
        surface.check(seed + batch);
    }
}

/// A host with the probe, which is loaded anew when it has trapped, and all hostcalls that there are.
struct Surface {
    host: TestHost,
    hostcalls: Vec<String>,
    idle: usize,
}

impl Surface {
    fn new() -> Self {
        let module = build_module("probe").unwrap();
        let imports = inspect(&module).unwrap().imports.into_iter();
        let hostcalls = imports.map(|import| match import.module.as_str() {
            "env" => import.name.trim_start_matches("proxy_").to_owned(),
            _ => format!("wasi.{}", import.name),
        });
        let plugin = Plugin {
            failure_policy: FailurePolicy::FailReload,
            ..Plugin::new("probe", module, "x-script")
        };
        let mut host = TestHost::builder()
            .plugin(plugin)
            .cluster("auth", |_| Reply::new(StatusCode::OK, "hello"))
            .seed(1)
            .start()
            .unwrap();
        let idle = host.usage().vms;
        let hostcalls: Vec<String> = hostcalls.collect();
        assert!(hostcalls.len() > 70, "{hostcalls:?}");
        Self {
            host,
            hostcalls,
            idle,
        }
    }

    fn run(&mut self, random: &mut Rng) {
        let commands = (0..random.usize(1..6)).map(|_| self.command(random));
        let script = commands.collect::<Vec<_>>().join("; ");
        let body = random.choice(["", "a", "hello"]).unwrap_or_default();
        let request = match random.bool() {
            true => ClientRequest::post("/", body),
            false => ClientRequest::get("/").http2(),
        };
        let header = HeaderValue::from_str(&script).unwrap();
        let request = request.header(HeaderName::from_static("x-script"), header);
        let delivery = random.choice(Delivery::all()).unwrap_or_default();
        self.host.deliver(delivery, random.u64(..));
        // Whatever comes of it: an answer, a reset stream, or none.
        let _ = self.host.send(&request);
        self.host.advance(Duration::from_secs(2));
        self.host.received();
    }

    fn command(&self, random: &mut Rng) -> String {
        let stage = random.choice(STAGES).unwrap_or('q');
        if random.u8(..12) == 0 {
            let disturbance = random.choice(DISTURBANCES).unwrap_or("trap");
            return format!("{stage}.{disturbance}");
        }
        let verb = random.choice(&self.hostcalls).map_or("log", String::as_str);
        let words = (0..random.usize(..7)).map(|_| {
            let words: &[&str] = match random.u8(..3) {
                0 => &NUMBERS,
                1 => &REGIONS,
                _ => &BYTES,
            };
            random.choice(words).copied().unwrap_or("-")
        });
        let words = words.collect::<Vec<_>>().join(" ");
        let times = match random.u8(..20) {
            0 => "times 50 ",
            _ => "",
        };
        format!("{stage}.{times}{verb} {words}")
    }

    fn check(&mut self, seed: u64) {
        let usage = self.host.usage();
        assert_eq!(
            (usage.vms, usage.streams, usage.left),
            (self.idle, 0, 0),
            "about seed {seed}"
        );
        assert!(usage.memory <= MAX_MEMORY, "{usage:?}, about seed {seed}");
    }
}
