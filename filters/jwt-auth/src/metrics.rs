//! What is counted.

use std::time::{SystemTime, UNIX_EPOCH};

use meshwright::labels;
use meshwright::metrics::{Counter, Gauge};
use meshwright::prelude::*;

pub(crate) struct Metrics {
    /// By reason code: `jwt.valid`, `jwt.expired`.
    requests: Counter<2>,
    tokens: Counter<1>,
    fetches: Counter<1>,
    fetched: Gauge<1>,
}

// === impl Metrics ===

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            requests: Counter::new("jwt_auth_requests_total", labels!["result", "reason"]),
            tokens: Counter::new("jwt_auth_token_cache_total", labels!["result"]),
            fetches: Counter::new("jwt_auth_jwks_fetches_total", labels!["result"]),
            fetched: Gauge::new("jwt_auth_jwks_fetched_timestamp_seconds", labels!["jwks"]),
        }
    }

    /// `result` is `allowed`, `denied`, or `reported`: denied if it were not for `reportOnly`.
    pub(crate) fn judged(&self, result: &str, reason: &str) {
        counted(self.requests.increment([result, reason]));
    }

    /// `result` is `hit`, `miss` or `evicted`.
    pub(crate) fn cached(&self, result: &str, count: u32) {
        counted(self.tokens.add([result], count));
    }

    pub(crate) fn fetched(&self, name: &str, succeeded: bool, at: SystemTime) {
        if !succeeded {
            return counted(self.fetches.increment(["failed"]));
        }
        counted(self.fetches.increment(["success"]));
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        counted(self.fetched.set([name], seconds));
    }
}

// What cannot be counted is judged all the same.
fn counted(done: Result<(), Error>) {
    if let Err(error) = done {
        log::debug!("a metric is not counted: {error}");
    }
}
