//! What goes wrong on purpose: how calls of filters fail, and who else writes shared data in between.
//!
//! A plan decides it by rules and a seed, so that the same run fails in the same places.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// How one call of a filter fails, HTTP or gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The hostcall that makes it returns `InternalFailure`; there is no call.
    RefusedDispatch,
    /// Nobody listens there: 503 from the proxy.
    ConnectionRefused,
    /// It is never answered: 504 from the proxy once its time is over.
    Silence,
    /// The connection is closed before the response: 503 from the proxy.
    Reset,
    /// The connection is closed in the response's body: a callback without headers (rule C3).
    ResetInBody,
    /// This status without a body, instead of the answer.
    Status(u16),
    /// The answer comes this much later, and so perhaps after one that was asked for later.
    Slow(Duration),
    /// The answer comes twice under the same token, which no Envoy does.
    Twice,
    /// The answer comes first under a token that no call has, which no Envoy does.
    UnknownToken,
}

/// Which calls fail and how, and which writes of shared data meet another writer. Rules are tried in order.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// By the hostcall, and whether it is while plugins start.
    statuses: HashMap<(String, bool), u32>,
    rules: Vec<Rule>,
    conflicts: Option<(u64, f64)>,
    re_entrant: bool,
}

/// The plan and where it stands.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    statuses: HashMap<(String, bool), u32>,
    running: Option<Mutex<Running>>,
    pub(crate) re_entrant: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    /// None is any.
    cluster: Option<String>,
    which: Which,
}

#[derive(Debug, Clone)]
enum Which {
    Every(Fault),
    /// The call of that number to the cluster, the first is 1.
    Nth(u64, Fault),
    /// By a seed, with that probability, one of these.
    Some(u64, f64, Vec<Fault>),
}

#[derive(Debug)]
struct Running {
    rules: Vec<(Rule, Rng, u64)>,
    conflicts: Option<(Rng, f64)>,
}

// === impl Fault ===

impl Fault {
    /// One of each kind; slow is half a second.
    pub const ALL: [Self; 9] = [
        Self::RefusedDispatch,
        Self::ConnectionRefused,
        Self::Silence,
        Self::Reset,
        Self::ResetInBody,
        Self::Status(503),
        Self::Slow(Duration::from_millis(500)),
        Self::Twice,
        Self::UnknownToken,
    ];
}

// === impl FaultPlan ===

impl FaultPlan {
    /// Nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call to the cluster fails like this.
    #[must_use]
    pub fn every(self, cluster: &str, fault: Fault) -> Self {
        self.rule(Some(cluster), Which::Every(fault))
    }

    /// The call of that number to the cluster (the first is 1) fails like this.
    #[must_use]
    pub fn nth(self, cluster: &str, number: u64, fault: Fault) -> Self {
        self.rule(Some(cluster), Which::Nth(number, fault))
    }

    /// Each call to any cluster fails with that probability, in one of these ways, as the seed has it.
    #[must_use]
    pub fn some(self, seed: u64, probability: f64, faults: &[Fault]) -> Self {
        self.rule(None, Which::Some(seed, probability, faults.to_vec()))
    }

    /// Each write of shared data that compares meets another writer with that probability: somebody has written the same
    /// value in between, so `CasMismatch` is returned.
    #[must_use]
    pub fn cas_conflicts(mut self, seed: u64, probability: f64) -> Self {
        self.conflicts = Some((seed, probability));
        self
    }

    /// The host sends a filter's reply while the filter is still in `proxy_send_local_response`, and so calls back, for the
    /// response's headers and body, within that. APISIX does; Envoy waits until the callback has returned (rule Y1).
    #[must_use]
    pub fn re_entrant(mut self) -> Self {
        self.re_entrant = true;
        self
    }

    /// Every call of that hostcall (`proxy_get_property`) returns this status, which may be one that nobody knows, and does
    /// nothing else. Plugins start before that.
    #[must_use]
    pub fn status(mut self, hostcall: &str, status: u32) -> Self {
        self.statuses.insert((hostcall.to_owned(), false), status);
        self
    }

    /// As [`Self::status`], but only while plugins start.
    #[must_use]
    pub fn status_at_start(mut self, hostcall: &str, status: u32) -> Self {
        self.statuses.insert((hostcall.to_owned(), true), status);
        self
    }

    fn rule(mut self, cluster: Option<&str>, which: Which) -> Self {
        let cluster = cluster.map(str::to_owned);
        self.rules.push(Rule { cluster, which });
        self
    }
}

// === impl Faults ===

impl Faults {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        let rules = plan.rules.into_iter().map(|rule| {
            let seed = match rule.which {
                Which::Some(seed, ..) => seed,
                Which::Every(_) | Which::Nth(..) => 0,
            };
            (rule, Rng::with_seed(seed), 0)
        });
        let conflicts = plan.conflicts;
        let running = Running {
            rules: rules.collect(),
            conflicts: conflicts.map(|(seed, probability)| (Rng::with_seed(seed), probability)),
        };
        Self {
            statuses: plan.statuses,
            running: Some(Mutex::new(running)),
            re_entrant: plan.re_entrant,
        }
    }

    /// What that hostcall returns instead of doing anything.
    pub(crate) fn status_of(&self, hostcall: &str, starts: bool) -> Option<u32> {
        match self.statuses.is_empty() {
            true => None,
            false => self.statuses.get(&(hostcall.to_owned(), starts)).copied(),
        }
    }

    /// How the next call to that cluster fails, if it does.
    pub(crate) fn of_call(&self, cluster: &str) -> Option<Fault> {
        let mut running = self.lock()?;
        running.rules.iter_mut().find_map(|(rule, random, calls)| {
            let is_meant = rule.cluster.as_deref().is_none_or(|it| it == cluster);
            is_meant.then(|| rule.which.draw(random, calls)).flatten()
        })
    }

    /// Whether somebody else has written what is about to be written.
    pub(crate) fn is_conflict(&self) -> bool {
        let running = self.lock();
        running.is_some_and(|mut running| match &mut running.conflicts {
            Some((random, probability)) => random.f64() < *probability,
            None => false,
        })
    }

    fn lock(&self) -> Option<std::sync::MutexGuard<'_, Running>> {
        let running = self.running.as_ref()?;
        Some(running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// === impl Which ===

impl Which {
    fn draw(&self, random: &mut Rng, calls: &mut u64) -> Option<Fault> {
        *calls += 1;
        match self {
            Self::Every(fault) => Some(*fault),
            Self::Nth(number, fault) => (number == calls).then_some(*fault),
            Self::Some(_, probability, faults) => {
                let fails = random.f64() < *probability;
                fails.then(|| random.choice(faults).copied()).flatten()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_has_a_fault_decides() {
        let plan = FaultPlan::new()
            .nth("a", 2, Fault::Reset)
            .every("a", Fault::Silence);
        let faults = Faults::new(plan);
        let calls = ["a", "b", "a", "a"].map(|cluster| faults.of_call(cluster));
        let silence = Some(Fault::Silence);
        assert_eq!(calls, [silence, None, Some(Fault::Reset), silence]);
    }

    #[test]
    fn a_seed_always_fails_the_same_calls() {
        let run = || {
            let faults = Faults::new(FaultPlan::new().some(7, 0.5, &Fault::ALL));
            (0..50).map(|_| faults.of_call("a")).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        assert!(run().contains(&None) && run().iter().any(Option::is_some));
    }
}
