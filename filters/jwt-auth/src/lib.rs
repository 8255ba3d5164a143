//! RequestAuthentication as a Proxy-Wasm filter: head, clock and keys in, `policy_jwt`'s verdict out.
//!
//! The rules (where a token is found, what makes it valid, which claims go where) are in `filters/policy/jwt`; here is what
//! they need of a proxy: remote keys (`remote_keys`), and its cryptography (`host_crypto`). Verified claims are left to later
//! filters as stream state, which no client can write (rule W3).

mod fetch;
mod host_crypto;
mod metrics;
mod remote_keys;
mod token_cache;

use std::rc::Rc;
use std::time::SystemTime;

use meshwright::prelude::*;
use policy_jwt::{Authenticator, Config, Keys, Need, Outcome, SignatureCheck, Verified, World};

use crate::host_crypto::HostCrypto;
use crate::metrics::{Event, Metrics};
use crate::remote_keys::RemoteKeys;
use crate::token_cache::TokenCache;

struct JwtAuth {
    authenticator: Authenticator,
    remote_keys: Vec<RemoteKeys>,
    crypto: HostCrypto,
    tokens: TokenCache,
    metrics: Metrics,
}

/// What one decision is made with.
struct Surroundings<'a> {
    filter: &'a JwtAuth,
    now: SystemTime,
    /// Keys that are not there are not waited for any more.
    gives_up: bool,
}

impl Filter for JwtAuth {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        let authenticator = Authenticator::from_config(&config)?;
        let remotes = authenticator.remotes().iter();
        let remote_keys = remotes.map(|remote| RemoteKeys::new(remote, config.compat));
        Ok(Self {
            remote_keys: remote_keys.collect(),
            authenticator,
            crypto: HostCrypto::try_out(),
            tokens: TokenCache::new(config.token_cache),
            metrics: Metrics::new(),
        })
    }
}

impl OnStart for JwtAuth {
    async fn on_start(&self, root: Root<Self>) -> Result<(), Error> {
        let keys = self.remote_keys.iter();
        let keys = try_join_all(keys.map(|keys| keys.keep(&root, &self.metrics)));
        try_join(keys, self.metrics.publish(&root)).await.map(drop)
    }
}

impl OnRequest for JwtAuth {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let head = request.head()?;
        let mut gives_up = false;
        // A rule waits for its keys, and once more where it does not know a token's `kid`.
        let mut rounds = 2 * self.remote_keys.len();
        loop {
            let now = request.now()?;
            let surroundings = Surroundings {
                filter: self,
                now,
                gives_up,
            };
            match self.authenticator.authenticate(&head, now, &surroundings) {
                Outcome::NeedsKeys(need) if !gives_up => {
                    rounds = rounds.saturating_sub(1);
                    gives_up = !self.renewed(&request, need).await || rounds == 0;
                }
                outcome => return self.conclude(&request, outcome),
            }
        }
    }
}

impl JwtAuth {
    // Waits, but not for ever, even where nobody fetches any.
    async fn renewed(&self, request: &Request<Self>, need: Need) -> bool {
        let Some(keys) = self.remote_keys.get(need.remote) else {
            return false;
        };
        let renewed = request.within(keys.patience(), keys.renewed()).await;
        renewed.is_ok()
    }

    fn conclude(&self, request: &Request<Self>, outcome: Outcome) -> Result<Flow, Error> {
        match outcome {
            Outcome::Decided(verdict) => {
                let result = match verdict {
                    Verdict::Continue { .. } => "allowed",
                    Verdict::Deny { .. } => "denied",
                };
                self.metrics
                    .note(Event::Judged(result, verdict.reason().code));
                request.enact(verdict)
            }
            Outcome::Reported { refusal, verdict } => {
                log::info!("would be denied: {refusal}");
                self.metrics.note(Event::Judged("reported", refusal.code));
                request.enact(verdict)
            }
            Outcome::NeedsKeys(_) => Err(Error::other("there are no keys")),
        }
    }
}

impl World for Surroundings<'_> {
    fn keys(&self, need: Need) -> Keys {
        let keys = self.filter.remote_keys.get(need.remote);
        match keys.map(|keys| keys.at(self.now, need.cause)) {
            Some(Keys::Unknown) if self.gives_up => Keys::Failed,
            keys => keys.unwrap_or(Keys::Failed),
        }
    }

    fn verify(&self, check: &SignatureCheck<'_>) -> bool {
        self.filter.crypto.verify(check)
    }

    fn recall(&self, rule: usize, token: &[u8]) -> Option<Rc<Verified>> {
        let known = self.filter.tokens.get(rule, token);
        let result = if known.is_some() { "hit" } else { "miss" };
        self.filter.metrics.note(Event::Token(result));
        known
    }

    fn keep(&self, rule: usize, token: &[u8], verified: &Rc<Verified>) {
        for _ in 0..self.filter.tokens.keep(rule, token, verified) {
            self.filter.metrics.note(Event::Token("evicted"));
        }
    }
}

meshwright::main!(JwtAuth: OnStart, OnRequest, Callouts, Timers);
