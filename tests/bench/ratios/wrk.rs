//! Load by `wrk`.

use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::subject::{LOAD_CORE, on_core};

/// Connections, each with one request in flight.
const CONNECTIONS: &str = "16";

/// Requests a second of a URL, over so many seconds; all must be answered 200.
pub(crate) fn requests_per_second(
    url: &str,
    headers: &[String],
    seconds: u32,
) -> anyhow::Result<f64> {
    let mut wrk = on_core(LOAD_CORE, Path::new("wrk"));
    wrk.args([
        "--threads",
        "1",
        "--connections",
        CONNECTIONS,
        "--duration",
        &format!("{seconds}s"),
    ]);
    for header in headers {
        wrk.args(["--header", header]);
    }
    let output = wrk.arg(url).output().context("cannot run `taskset`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "wrk failed (it is Debian's package `wrk`): {}",
        String::from_utf8_lossy(&output.stderr)
    );
    for bad in ["Non-2xx", "Socket errors"] {
        ensure!(
            !text.contains(bad),
            "not every request was answered:\n{text}"
        );
    }
    let figure = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let figure = figure.with_context(|| format!("wrk says no rate:\n{text}"))?;
    figure.trim().parse().context("a rate is a number")
}
