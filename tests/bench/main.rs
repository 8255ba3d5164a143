//! `make bench`: what our filters cost in a real Envoy, beside Envoy's own filters configured to mean the same; and
//! `make bench-sdk`: what the SDK costs there, beside the same filters on the proxy-wasm crate alone; and `make bench-jwt`: what
//! tokens cost that are new, known, or many.
//!
//! One Envoy with one worker on one core, load from the other core over HTTP/2, on-CPU time of Envoy per request, rows
//! interleaved, the minimum of all rounds (noise only adds). Absolute figures drift with the machine; read the ratios.

mod cpu;
mod jwt;
mod load;
mod rows;
mod summary;
mod token;

use std::process::ExitCode;

use anyhow::Context as _;
use host_runner::envoy::{Envoy, EnvoyOptions};
use meshwright_tests::build_modules;

/// Rounds over all rows.
const ROUNDS: usize = 24;
/// Requests a row gets in one round: 13 for each of the 32 in flight.
const REQUESTS: usize = 416;

fn main() -> anyhow::Result<ExitCode> {
    let modules = build_modules()?;
    let (name, rows) = match std::env::args().nth(1).as_deref() {
        Some("sdk") => ("bench-sdk", rows::sdk(&modules)?),
        Some("jwt") => ("bench-jwt", jwt::rows(&modules)?),
        _ => ("bench", rows::rows(&modules)?),
    };
    let envoy = Envoy::run(&rows::bootstrap(&rows)?, &EnvoyOptions::default())?;
    let meter = cpu::Meter::of(envoy.process_id())?;
    cpu::pin_envoy(envoy.process_id())?;
    cpu::pin_self()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(measure(&rows, &envoy, &meter))?;
    let summary = summary::Summary::new(&rows, &measured, &envoy.located().version);
    println!("{summary}");
    summary.write(name)?;
    Ok(match summary.passes() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// CPU microseconds per request, by row, one figure a round.
async fn measure(
    rows: &[rows::Row],
    envoy: &Envoy,
    meter: &cpu::Meter,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut loads = Vec::new();
    for row in rows {
        let address = host_runner::subject::Subject::address(envoy, row.name)
            .context("every row has a listener")?;
        loads.push(load::Load::connect(address).await?);
    }
    let mut measured = vec![Vec::new(); rows.len()];
    for round in 0..=ROUNDS {
        for ((row, load), measured) in rows.iter().zip(&mut loads).zip(&mut measured) {
            // The first round warms caches and compilers up.
            let requests = match round {
                0 => REQUESTS.max(row.tokens.len()),
                _ => REQUESTS,
            };
            let before = meter.nanoseconds()?;
            load.send(requests, &row.tokens)
                .await
                .with_context(|| format!("in row `{}`", row.name))?;
            let spent = meter.nanoseconds()?.saturating_sub(before);
            if round > 0 {
                measured.push(microseconds(spent) / count(REQUESTS));
            }
        }
        eprintln!("round {round} of {ROUNDS}");
    }
    Ok(measured)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of minutes fit a double exactly enough"
)]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn count(requests: usize) -> f64 {
    requests as f64
}
