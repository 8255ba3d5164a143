//! The keys of one `jwksUri`, as this VM knows them: fetched by one VM of all, shared by all, renewed before they are old.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use meshwright::prelude::*;
use meshwright::{Held, Latest, Lease, Shared};
use policy_jwt::{Cause, Compat, KeySet, Keys, Remote};
use serde::{Deserialize, Serialize};

use crate::JwtAuth;
use crate::fetch::fetch;
use crate::metrics::Metrics;

pub(crate) struct RemoteKeys {
    remote: Remote,
    compat: Compat,
    known: Latest<Known>,
    /// A request cannot go on with what is known.
    wanted: Latest<()>,
    shared: Shared<Fetched>,
    lease: Lease,
}

/// What became of the last fetch, whichever VM made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fetched {
    at: SystemTime,
    /// The document; `None` where it could not be had.
    document: Option<String>,
}

/// What this VM makes of that.
#[derive(Debug, Clone)]
struct Known {
    at: SystemTime,
    /// The newest keys that could be had, and since when.
    keys: Option<(Rc<KeySet>, SystemTime)>,
    /// Fetches that failed in a row.
    failures: u32,
}

/// How long keys are good for: Istio's `cache_duration` (rule J54), whatever `cache-control` says.
const FRESH: Duration = Duration::from_secs(300);

/// How much longer when newer ones cannot be had. Envoy has no such time, and an outage of the issuer is one of its own.
const STALE: Duration = Duration::from_secs(3600);

/// After a failure nobody tries again for so long, whoever asks; after several the next try that nobody asks for is later.
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Anybody can make up a `kid`: no more than one fetch in this time is for one that is unknown.
const UNKNOWN_KID: Duration = Duration::from_secs(10);

/// How long before they are old keys are renewed, as in Envoy's asynchronous fetch (rule J57).
const AHEAD: Duration = Duration::from_secs(5);

/// How often those look who wait for another VM's fetch.
const LOOK: Duration = Duration::from_millis(20);

// === impl RemoteKeys ===

impl RemoteKeys {
    pub(crate) fn new(remote: &Remote, compat: Compat) -> Self {
        // Rules that have their keys from the same place share them.
        let name = format!("{} {}", remote.cluster(remote.uri()), remote.uri());
        Self {
            remote: remote.clone(),
            compat,
            known: Latest::new(),
            wanted: Latest::new(),
            shared: Shared::new(format!("jwks {name}")),
            lease: Lease::new(format!("fetch jwks {name}"), longest(remote)),
        }
    }

    /// What a decision at that time is made with.
    pub(crate) fn at(&self, now: SystemTime, cause: Cause) -> Keys {
        let Some(known) = self.known.get() else {
            return Keys::Unknown;
        };
        match known.usable(now) {
            Some(keys) => match cause {
                Cause::UnknownKid if since(known.at, now) >= UNKNOWN_KID => Keys::Unknown,
                Cause::UnknownKid | Cause::Token => Keys::Known(Rc::clone(keys)),
            },
            None if known.failures > 0 && since(known.at, now) < BACKOFF => Keys::Failed,
            None => Keys::Unknown,
        }
    }

    /// Waits until something else is known.
    pub(crate) async fn renewed(&self) -> Result<(), Error> {
        let next = self.known.next();
        self.wanted.set(());
        next.await;
        Ok(())
    }

    /// Longer than a fetch takes, this VM's or another one's: whose lease may have to run out first.
    pub(crate) fn patience(&self) -> Duration {
        longest(&self.remote) * 2
    }

    /// Keeps the keys fresh for as long as the plugin lives.
    pub(crate) async fn keep(&self, root: &Root<JwtAuth>, metrics: &Metrics) -> Result<(), Error> {
        // A proxy that only rehearses the start comes no further (rule L2).
        root.sleep(Duration::from_millis(1)).await?;
        loop {
            let pause = match self.renew(root, metrics).await {
                Ok(known) => known.pause(root.random()),
                Err(error) => {
                    log::error!("{}: the keys are not renewed: {error}", self.remote.uri());
                    BACKOFF
                }
            };
            let wanted = async {
                self.wanted.next().await;
                Ok(())
            };
            race(root.sleep(pause), wanted).await?;
        }
    }

    // By this VM, if no other one has done it since, or is about to; in any case where the host has nothing to share by.
    async fn renew(&self, root: &Root<JwtAuth>, metrics: &Metrics) -> Result<Known, Error> {
        loop {
            if let Some(fetched) = self.of_another_vm(root.now()?) {
                return Ok(self.adopt(fetched));
            }
            let lease = self.lease.take();
            if let Ok(None) = lease {
                root.sleep(LOOK).await?;
                continue;
            }
            let fetched = self.fetch(root, metrics).await?;
            let shared = self.shared.set(&fetched);
            let given_back = lease.map(|held| held.map_or(Ok(()), Held::give_back));
            if let Err(error) = shared.and(given_back.flatten()) {
                log::debug!("the keys are not shared with other workers: {error}");
            }
            return Ok(self.adopt(fetched));
        }
    }

    fn of_another_vm(&self, now: SystemTime) -> Option<Fetched> {
        let seen = self.known.get().map(|known| known.at);
        let fetched = self.shared.get().ok().flatten()?;
        let is_news = seen.is_none_or(|seen| fetched.at > seen);
        (is_news && fetched.is_recent(now)).then_some(fetched)
    }

    async fn fetch(&self, root: &Root<JwtAuth>, metrics: &Metrics) -> Result<Fetched, Error> {
        let document = fetch(root, &self.remote, self.compat).await;
        let at = root.now()?;
        metrics.fetched(self.remote.rule(), document.is_ok(), at);
        if let Err(why) = &document {
            log::warn!("the keys at {} cannot be had: {why}", self.remote.uri());
        }
        Ok(Fetched {
            at,
            document: document.ok(),
        })
    }

    fn adopt(&self, fetched: Fetched) -> Known {
        let before = self.known.get();
        let keys = fetched
            .document
            .and_then(|it| KeySet::parse(it.as_bytes(), self.compat).ok());
        let known = match (keys, before) {
            (Some(keys), _) => Known {
                at: fetched.at,
                failures: 0,
                keys: Some((Rc::new(keys), fetched.at)),
            },
            (None, before) => Known {
                at: fetched.at,
                failures: before
                    .as_ref()
                    .map_or(0, |it| it.failures)
                    .saturating_add(1),
                keys: before.and_then(|it| it.keys.clone()),
            },
        };
        self.known.set(known.clone());
        known
    }
}

// === impl Fetched ===

impl Fetched {
    fn is_recent(&self, now: SystemTime) -> bool {
        let limit = match self.document {
            Some(_) => FRESH,
            None => BACKOFF,
        };
        since(self.at, now) < limit
    }
}

// === impl Known ===

impl Known {
    // Old keys are good for a while longer when newer ones cannot be had.
    fn usable(&self, now: SystemTime) -> Option<&Rc<KeySet>> {
        let (keys, fetched) = self.keys.as_ref()?;
        let limit = match self.failures {
            0 => FRESH,
            _ => FRESH + STALE,
        };
        (since(*fetched, now) < limit).then_some(keys)
    }

    // Until the next try, up to a fifth sooner, so that proxies that were started together do not all ask at once.
    fn pause(&self, random: u64) -> Duration {
        let longest = match self.failures {
            0 => FRESH.saturating_sub(AHEAD),
            failures => (BACKOFF * 2_u32.saturating_pow(failures)).min(MAX_BACKOFF),
        };
        longest - longest * u32::try_from(random % 100).unwrap_or(0) / 500
    }
}

// A fetch may be two, when the issuer is asked first where its keys are.
fn longest(remote: &Remote) -> Duration {
    remote.timeout() * 2 + BACKOFF
}

// A clock that was set back has let no time pass.
fn since(then: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}
