//! `make bench-ratios`: what the engine of host-runner costs without sockets, on one core, as figures with targets.
//!
//! Three questions: how many streams a second pass a filter that reads one header, how long a fresh VM takes, and how
//! long a start with a module that was compiled before. The best of many rounds counts, each so short that it can pass
//! between two interruptions: noise only adds.
//!
//! `cargo bench .. -- streams` measures only what has `streams` in its question.

mod figure;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use host_runner::bench::Bench;
use host_runner::engine::{EngineOptions, ModuleCache};
use host_runner::listener::{ModuleFile, Plugin};
use host_runner::token::SigningKey;
use serde_json::json;

use crate::figure::{Figure, Measured, Target};

/// Streams of one round, which takes about a millisecond.
const STREAMS: u32 = 500;
const STREAM_ROUNDS: usize = 2000;
const VM_ROUNDS: usize = 500;
const START_ROUNDS: usize = 30;
const COLD_ROUNDS: usize = 3;
const STREAMS_TARGET: f64 = 1_000_000.0;
const VM_TARGET: f64 = 100.0;
const START_TARGET: f64 = 10.0;

/// A request as a browser's is when it comes to the filters.
const HEADERS: [(&str, &str); 10] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "reviews.example"),
    (":path", "/reviews/0?page=2"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
    ("accept", "text/html,application/json"),
    ("accept-encoding", "gzip, deflate, br"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-proto", "http"),
    ("x-request-id", "7f8a3c1e-52d4-4c8e-9a0b-6d1f2e3c4b5a"),
];

type Question<'a> = Box<dyn Fn() -> anyhow::Result<Measured> + 'a>;

fn main() -> anyhow::Result<ExitCode> {
    std::env::set_current_dir(meshwright_tests::root()).context("cannot enter the workspace")?;
    let modules = meshwright_tests::build_modules()?;
    let cache = tempfile::tempdir()?;
    let options = EngineOptions {
        cache: ModuleCache::Folder(cache.path().to_owned()),
        ..EngineOptions::default()
    };
    let (header, jwt) = (
        plugin(&modules, "one-header")?,
        plugin(&modules, "jwt-auth")?,
    );
    let sdk = plugin(&modules, "sdk-one-header")?;
    let target = Some(Target::AtLeast(STREAMS_TARGET));
    let questions: [(String, Question<'_>); 6] = [
        (
            "streams that read one header, on one core".to_owned(),
            Box::new(|| streams(&sdk, &options, target)),
        ),
        (
            "streams that read one header by a module with every callback".to_owned(),
            Box::new(|| streams(&header, &options, None)),
        ),
        (
            "a fresh VM and its root context, one-header".to_owned(),
            Box::new(|| fresh_vm(&header, &options, Some(Target::AtMost(VM_TARGET)))),
        ),
        (
            "a fresh VM and its root context, jwt-auth".to_owned(),
            Box::new(|| fresh_vm(&jwt, &options, None)),
        ),
        (
            "start with an unchanged module, jwt-auth".to_owned(),
            Box::new(|| start(&jwt, &options)),
        ),
        (
            "start with a module that must be compiled, jwt-auth".to_owned(),
            Box::new(|| cold_start(&jwt)),
        ),
    ];
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    let mut figures = Vec::new();
    for (question, measure) in questions {
        if wanted.as_ref().is_none_or(|part| question.contains(part)) {
            let figure = Figure {
                question,
                measured: measure()?,
            };
            println!("{figure}");
            figures.push(figure);
        }
    }
    if wanted.is_none() {
        figure::write(&figures, &meshwright_tests::root().join("target/reports"))?;
    }
    Ok(match figures.iter().all(Figure::passes) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn plugin(modules: &Path, name: &str) -> anyhow::Result<Plugin> {
    let key = SigningKey::read_pem(Path::new("tests/keys/rsa.pem"))?;
    let jwks = json!({"keys": [key.to_jwk("bench")?]}).to_string();
    let configuration = match name {
        "jwt-auth" => json!({"jwtRules": [{"issuer": "https://issuer.example", "jwks": jwks}]}),
        _ => json!({}),
    };
    let module = ModuleFile::read(&modules.join(format!("{name}.wasm")))?;
    Ok(Plugin::new(name, module, configuration.to_string()))
}

fn streams(
    plugin: &Plugin,
    options: &EngineOptions,
    target: Option<Target>,
) -> anyhow::Result<Measured> {
    let mut bench = Bench::start(plugin.clone(), options)?;
    let best = best_of(STREAM_ROUNDS, || {
        (0..STREAMS).try_for_each(|_| bench.stream(&HEADERS))
    })?;
    Ok(Measured {
        unit: "streams/s",
        figure: f64::from(STREAMS) / best.as_secs_f64(),
        target,
    })
}

fn fresh_vm(
    plugin: &Plugin,
    options: &EngineOptions,
    target: Option<Target>,
) -> anyhow::Result<Measured> {
    let bench = Bench::start(plugin.clone(), options)?;
    let best = best_of(VM_ROUNDS, || bench.fresh_vm())?;
    Ok(Measured {
        unit: "us",
        figure: best.as_secs_f64() * 1e6,
        target,
    })
}

fn start(plugin: &Plugin, options: &EngineOptions) -> anyhow::Result<Measured> {
    // The first one fills the cache.
    Bench::start(plugin.clone(), options)?;
    let best = best_of(START_ROUNDS, || {
        Bench::start(plugin.clone(), options).map(drop)
    })?;
    Ok(Measured {
        unit: "ms",
        figure: best.as_secs_f64() * 1e3,
        target: Some(Target::AtMost(START_TARGET)),
    })
}

fn cold_start(plugin: &Plugin) -> anyhow::Result<Measured> {
    let options = EngineOptions {
        cache: ModuleCache::Off,
        ..EngineOptions::default()
    };
    let best = best_of(COLD_ROUNDS, || {
        Bench::start(plugin.clone(), &options).map(drop)
    })?;
    Ok(Measured {
        unit: "ms",
        figure: best.as_secs_f64() * 1e3,
        target: None,
    })
}

fn best_of(
    rounds: usize,
    mut round: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let begun = Instant::now();
        round()?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}
