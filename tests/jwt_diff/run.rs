//! A run: every request of every configuration to the three subjects.

use std::path::Path;

use anyhow::Context as _;
use host_runner::listener::ModuleFile;
use tokio::runtime::Runtime;

use super::case::{Case, Request, Setup};
use super::deviations::{Compared, explaining};
use super::exchange::{Echo, send};
use super::outcome::Outcome;
use super::subjects::{Kind, Place, Starter};
use crate::conformance::suite::in_parallel;

/// The subjects, running.
#[derive(Debug)]
pub struct Session {
    setups: Vec<Setup>,
    native: Vec<Place>,
    on_envoy: Vec<Place>,
    on_runner: Vec<Place>,
    _echo: Echo,
    // Dropped last: it runs everything above.
    runtime: Runtime,
}

/// What the three made of a request.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// Envoy with its own filter: the reference.
    pub native: Outcome,
    /// Envoy with ours.
    pub on_envoy: Outcome,
    /// host-runner with ours.
    pub on_runner: Outcome,
}

/// A case that was run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The number of its configuration.
    pub setup: usize,
    /// The case.
    pub case: Case,
    /// What came of it.
    pub outcomes: Outcomes,
    /// What that means.
    pub verdict: Verdict,
}

/// How ours did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As native Envoy.
    Identical,
    /// Otherwise, as the deviation of that id says.
    Deviating(&'static str),
    /// Otherwise.
    Different,
}

// === impl Session ===

impl Session {
    /// Starts all three with all configurations; the module is that of the file.
    ///
    /// # Errors
    /// When there is no module or no free port.
    pub fn start(setups: Vec<Setup>, module: &Path) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let echo = runtime.block_on(Echo::start())?;
        let starter = Starter {
            module: ModuleFile::read(module)?,
            upstream: echo.address(),
        };
        let all: Vec<&Setup> = setups.iter().collect();
        let kinds = [Kind::Native, Kind::OnEnvoy, Kind::OnRunner];
        let places = in_parallel(&kinds, |kind| Ok(starter.start(*kind, &all)))?;
        let [native, on_envoy, on_runner] = <[Vec<Place>; 3]>::try_from(places)
            .ok()
            .context("three subjects")?;
        Ok(Self {
            setups,
            native,
            on_envoy,
            on_runner,
            _echo: echo,
            runtime,
        })
    }

    /// The configurations.
    #[must_use]
    pub fn setups(&self) -> &[Setup] {
        &self.setups
    }

    /// Runs every case. One that differs is run once more, because a busy machine can break a connection.
    ///
    /// # Errors
    /// Never; it is that of running in parallel.
    pub fn run(&self) -> anyhow::Result<Vec<Ran>> {
        let numbers: Vec<usize> = (0..self.setups.len()).collect();
        let ran = in_parallel(&numbers, |at| Ok(self.run_setup(*at)))?;
        Ok(ran.into_iter().flatten().collect())
    }

    fn run_setup(&self, at: usize) -> Vec<Ran> {
        let cases = self
            .setups
            .get(at)
            .map(|setup| setup.cases.as_slice())
            .unwrap_or_default();
        let run = |case: &Case| {
            let first = self.run_case(at, case);
            match first.verdict {
                Verdict::Different => self.run_case(at, case),
                Verdict::Identical | Verdict::Deviating(_) => first,
            }
        };
        cases.iter().map(run).collect()
    }

    fn run_case(&self, at: usize, case: &Case) -> Ran {
        let outcomes = self.outcomes(at, &case.request);
        Ran {
            setup: at,
            case: case.clone(),
            verdict: self.verdict(at, &case.request, &outcomes),
            outcomes,
        }
    }

    /// Sends a request to the three.
    #[must_use]
    pub fn outcomes(&self, at: usize, request: &Request) -> Outcomes {
        let send_to = async |places: &[Place]| match places.get(at) {
            Some(Ok(served)) => send(served.address, request).await,
            Some(Err(why)) => Outcome::Refused(why.clone()),
            None => Outcome::Refused("there is no such configuration".to_owned()),
        };
        let (native, on_envoy, on_runner) = self.runtime.block_on(async {
            tokio::join!(
                send_to(&self.native),
                send_to(&self.on_envoy),
                send_to(&self.on_runner)
            )
        });
        Outcomes {
            native,
            on_envoy,
            on_runner,
        }
    }

    /// What outcomes mean.
    #[must_use]
    pub fn verdict(&self, at: usize, request: &Request, outcomes: &Outcomes) -> Verdict {
        let Some(setup) = self.setups.get(at) else {
            return Verdict::Different;
        };
        let compare = |native: &Outcome, ours: &Outcome| {
            if native.lines() == ours.lines() {
                return Verdict::Identical;
            }
            let compared = Compared {
                setup,
                request,
                native,
                ours,
            };
            explaining(&compared).map_or(Verdict::Different, |found| Verdict::Deviating(found.id))
        };
        let on_envoy = compare(&outcomes.native, &outcomes.on_envoy);
        let on_runner = compare(&outcomes.native.without_claims(), &outcomes.on_runner);
        match (on_envoy, on_runner) {
            (Verdict::Different, _) | (_, Verdict::Different) => Verdict::Different,
            (Verdict::Deviating(id), _) | (_, Verdict::Deviating(id)) => Verdict::Deviating(id),
            (Verdict::Identical, Verdict::Identical) => Verdict::Identical,
        }
    }
}
