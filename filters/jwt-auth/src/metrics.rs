//! What is counted. A request only notes it; the host is told once a second, because a hostcall for each would cost a request
//! that is otherwise cheap a third of its time.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use meshwright::Latest;
use meshwright::labels;
use meshwright::metrics::{Counter, Gauge};
use meshwright::prelude::*;

use crate::JwtAuth;

pub(crate) struct Metrics {
    requests: Counter<2>,
    tokens: Counter<1>,
    fetches: Counter<1>,
    fetched: Gauge<1>,
    /// What the host has not been told.
    noted: RefCell<Vec<(Event, u32)>>,
    /// Set when something is noted and nothing was.
    begun: Latest<()>,
}

/// Something that happens with a request. There are few different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The result is `allowed`, `denied`, or `reported`: denied if it were not for `reportOnly`. The reason is its code.
    Judged(&'static str, &'static str),
    /// A token was looked for among those known to be good: `hit` or `miss`; or had to make room: `evicted`.
    Token(&'static str),
}

/// How late a metric may be.
const PERIOD: Duration = Duration::from_secs(1);

// === impl Metrics ===

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            requests: Counter::new("jwt_auth_requests_total", labels!["result", "reason"]),
            tokens: Counter::new("jwt_auth_token_cache_total", labels!["result"]),
            fetches: Counter::new("jwt_auth_jwks_fetches_total", labels!["result"]),
            fetched: Gauge::new("jwt_auth_jwks_fetched_timestamp_seconds", labels!["rule"]),
            noted: RefCell::default(),
            begun: Latest::new(),
        }
    }

    pub(crate) fn note(&self, event: Event) {
        let mut noted = self.noted.borrow_mut();
        match noted.iter_mut().find(|(other, _)| *other == event) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                let is_first = noted.is_empty();
                noted.push((event, 1));
                drop(noted);
                if is_first {
                    self.begun.set(());
                }
            }
        }
    }

    /// Tells the host, for as long as the plugin lives.
    pub(crate) async fn publish(&self, root: &Root<JwtAuth>) -> Result<(), Error> {
        loop {
            self.begun.next().await;
            root.sleep(PERIOD).await?;
            for (event, count) in self.noted.take() {
                counted(match event {
                    Event::Judged(result, reason) => self.requests.add([result, reason], count),
                    Event::Token(result) => self.tokens.add([result], count),
                });
            }
        }
    }

    pub(crate) fn fetched(&self, rule: &str, succeeded: bool, at: SystemTime) {
        if !succeeded {
            return counted(self.fetches.increment(["failed"]));
        }
        counted(self.fetches.increment(["success"]));
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        counted(self.fetched.set([rule], seconds));
    }
}

// What cannot be counted is judged all the same.
fn counted(done: Result<(), Error>) {
    if let Err(error) = done {
        log::debug!("a metric is not counted: {error}");
    }
}
