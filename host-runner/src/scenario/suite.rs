//! All scenario files of a run: loaded once, their listeners handed to the subjects, their cases run as named tests.

mod files;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, mpsc};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use libtest_mimic::{Failed, Trial};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Handle, Runtime};

use super::agree::disagreement;
use super::bless::Blessing;
use super::check::{failures, summary};
use super::client::{self, Response};
use super::clock::Clock;
use super::group::{Case, Group};
use super::load::Loader;
use super::run::{Outcome, Sent, run_step};
use super::talk;
use crate::listener::Listener;
use crate::report::Report;
use crate::subject::Subject;
use crate::upstream::{Responder, Talking, Upstream};

/// Turns a mesh file into its listener; the addresses in it are replaced by recording upstreams.
pub type MeshLoader<'a> = dyn Fn(&Path) -> anyhow::Result<Listener> + 'a;

/// Loaded scenario files with their upstreams running. Dropping it (and the trials) ends them.
#[derive(Debug)]
pub struct Suite {
    shared: Arc<Shared>,
}

/// A case that waits to be run; the error is the text that people read.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) run: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

#[derive(Debug)]
struct Shared {
    groups: Vec<Arc<Group>>,
    // The clock of groups that name none: one instant for all, so that they do not wait for each other.
    started: SystemTime,
    cases: AtomicUsize,
    differences: AtomicUsize,
    runtime: Option<Runtime>,
}

// === impl Job ===

impl Job {
    pub(crate) fn trial(self) -> Trial {
        Trial::test(self.name, || (self.run)().map_err(Failed::from))
    }
}

// === impl Suite ===

impl Suite {
    /// Loads scenario files: `paths` are files, or folders with all `*.yaml` below them. A plugin's `module: name` is
    /// `<wasm_dir>/name.wasm`.
    ///
    /// # Errors
    /// When a file cannot be used: the error names file and place, and nothing runs.
    pub fn load(
        paths: &[PathBuf],
        wasm_dir: &Path,
        mesh_loader: &MeshLoader<'_>,
    ) -> anyhow::Result<Self> {
        let mut loader = Loader {
            wasm_dir,
            mesh_loader,
            modules: HashMap::new(),
        };
        let files = files::find(paths)?;
        let groups = files
            .iter()
            .map(|file| loader.load(&file.path, &file.name))
            .collect::<Result<Vec<_>, _>>()?;
        if groups.is_empty() {
            bail!(
                "there is no `*.yaml` in {}",
                paths
                    .iter()
                    .map(|path| format!("`{}`", path.display()))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        refuse_equal_names(&groups)?;
        refuse_shared_callees(&groups)?;
        Self::start(groups)
    }

    /// One listener per file; every subject must serve all of them.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        self.shared
            .groups
            .iter()
            .map(|group| group.listener.clone())
            .collect()
    }

    /// The same listeners with who answers for their upstreams, for a proxy in memory.
    #[must_use]
    pub fn answered_listeners(&self) -> Vec<(Listener, Responder)> {
        let groups = self.shared.groups.iter();
        let answered = groups.map(|group| (group.listener.clone(), group.recording.responder()));
        answered.collect()
    }

    /// How many files there are.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.shared.groups.len()
    }

    /// Whether any case has a budget, so that costs must be counted.
    #[must_use]
    pub fn has_budgets(&self) -> bool {
        let cases = self.shared.groups.iter().flat_map(|group| &group.cases);
        cases.into_iter().any(|case| case.budget.is_some())
    }

    /// One test per case, named `<path without .yaml>::<case name>`. It runs the case on every subject, holds the
    /// expectations against each, and compares each with the first.
    #[must_use]
    pub fn trials(&self, subjects: Vec<Arc<dyn Subject>>) -> Vec<Trial> {
        let jobs = self.jobs(subjects, None).into_iter();
        jobs.map(Job::trial).collect()
    }

    /// The same, to be run by whoever reports them; with a blessing, what does not hold is rewritten if it can be.
    pub(crate) fn jobs(
        &self,
        subjects: Vec<Arc<dyn Subject>>,
        blessing: Option<&Arc<Blessing>>,
    ) -> Vec<Job> {
        let clock = Arc::new(Clock::new(subjects));
        let jobs = self.named_cases().into_iter().map(|(name, group, case)| {
            let (shared, clock) = (Arc::clone(&self.shared), Arc::clone(&clock));
            let blessing = blessing.cloned();
            Job {
                name,
                run: Box::new(move || shared.run(&group, &case, &clock, blessing.as_deref())),
            }
        });
        jobs.collect()
    }

    /// The names of all cases, as trials have them.
    pub(crate) fn case_names(&self) -> Vec<String> {
        let named = self.named_cases().into_iter();
        named.map(|(name, ..)| name).collect()
    }

    /// Runs one case on one subject; what came of each of its steps, in a sentence, and what was not as expected.
    pub(crate) fn play(
        &self,
        name: &str,
        subject: &Arc<dyn Subject>,
    ) -> (Vec<String>, Vec<String>) {
        let Some((group, case)) = self.case(name) else {
            return (Vec::new(), vec![format!("there is no case `{name}`")]);
        };
        let (outcomes, error) = self.shared.observe(&group, &case, subject);
        let mut problems = expectation_problems(&case, &outcomes);
        problems.extend(error);
        (outcomes.iter().map(summary).collect(), problems)
    }

    /// Runs one case on one subject; what came of each of its steps, up to the first that could not be run, and why.
    pub(crate) fn observe(
        &self,
        name: &str,
        subject: &Arc<dyn Subject>,
    ) -> (Vec<Outcome>, Option<String>) {
        match self.case(name) {
            Some((group, case)) => self.shared.observe(&group, &case, subject),
            None => (Vec::new(), Some(format!("there is no case `{name}`"))),
        }
    }

    /// Whether that case makes connections, not requests.
    pub(crate) fn is_of_connections(&self, name: &str) -> bool {
        self.case(name).is_some_and(|(group, _)| group.is_tcp())
    }

    fn case(&self, name: &str) -> Option<(Arc<Group>, Arc<Case>)> {
        let mut cases = self.named_cases().into_iter();
        let found = cases.find(|(known, ..)| known == name);
        found.map(|(_, group, case)| (group, case))
    }

    fn named_cases(&self) -> Vec<(String, Arc<Group>, Arc<Case>)> {
        let groups = self.shared.groups.iter();
        let cases = groups.flat_map(|group| {
            let name = |case: &Case| format!("{}::{}", group.name, case.name);
            let cases = group.cases.iter();
            cases.map(move |case| (name(case), Arc::clone(group), Arc::clone(case)))
        });
        cases.collect()
    }

    /// What the trials that ran so far found: cases, and differences between subjects.
    #[must_use]
    pub fn report(&self, versions: BTreeMap<String, String>) -> Report {
        Report {
            cases: Some(self.shared.cases.load(Ordering::Relaxed)),
            differences: Some(self.shared.differences.load(Ordering::Relaxed)),
            deviations: Some(0),
            versions,
            ..Report::default()
        }
    }

    fn start(groups: Vec<Group>) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut shared = Shared {
            groups: Vec::new(),
            started: SystemTime::now(),
            cases: AtomicUsize::new(0),
            differences: AtomicUsize::new(0),
            runtime: Some(runtime),
        };
        for group in groups {
            let group = shared.wait(start_upstreams(group))??;
            shared.groups.push(Arc::new(group));
        }
        Ok(Self {
            shared: Arc::new(shared),
        })
    }
}

async fn start_upstreams(mut group: Group) -> anyhow::Result<Group> {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let names: Vec<_> = group
        .listener
        .clusters
        .iter()
        .map(|it| it.name.clone())
        .collect();
    let talks = group.is_tcp();
    let routed = group.listener.routes.first().map(|it| it.cluster.clone());
    let refusing: Vec<_> = names.into_iter().map(|name| group.refuses(&name)).collect();
    for (cluster, refuses) in group.listener.clusters.iter_mut().zip(refusing) {
        if refuses {
            // Bound, so that nobody else listens there.
            let socket = TcpSocket::new_v4()?;
            socket.bind(any_port)?;
            cluster.address = socket.local_addr()?;
            group.refusing.push(socket);
            continue;
        }
        if talks && routed.as_ref() == Some(&cluster.name) {
            let talking = Talking::start(&cluster.name, &group.recording).await?;
            cluster.address = talking.address();
            group.talking = Some(Arc::new(talking));
            continue;
        }
        let upstream =
            Upstream::start(&cluster.name, any_port, group.recording.responder()).await?;
        cluster.address = upstream.address();
        group.upstreams.push(upstream);
    }
    Ok(group)
}

fn refuse_equal_names(groups: &[Group]) -> anyhow::Result<()> {
    let mut seen = HashMap::new();
    for group in groups {
        if let Some(earlier) = seen.insert(&group.listener.name, &group.name) {
            bail!(
                "the scenario files `{earlier}` and `{}` have the same listener name; rename one",
                group.name
            );
        }
    }
    Ok(())
}

// Filters call a cluster by its name in the whole proxy, which must mean one.
fn refuse_shared_callees(groups: &[Group]) -> anyhow::Result<()> {
    for group in groups {
        for name in group.callees() {
            let is_other = |other: &&Group| {
                let mut clusters = other.listener.clusters.iter();
                other.name != group.name && clusters.any(|cluster| cluster.name == name)
            };
            if let Some(other) = groups.iter().find(is_other) {
                bail!(
                    "filters in `{}` call the cluster `{name}`, and `{}` has another one of that name; rename one",
                    group.name,
                    other.name
                );
            }
        }
    }
    Ok(())
}

// === impl Shared ===

impl Shared {
    fn run(
        &self,
        group: &Group,
        case: &Case,
        clock: &Clock,
        blessing: Option<&Blessing>,
    ) -> Result<(), String> {
        let _turn = group.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = clock.hold(group.clock.unwrap_or(self.started));
        self.cases.fetch_add(1, Ordering::Relaxed);
        let (mut unmet, mut problems) = (Vec::new(), Vec::new());
        let mut runs = Vec::new();
        for (index, subject) in clock.subjects().iter().enumerate() {
            let differs = case.delivery_matters && subject.splits_messages();
            if differs || group.is_tcp() && !subject.has_sockets() {
                continue;
            }
            let (outcomes, error) = self.run_on(group, case, &**subject, hold.now(index));
            unmet.extend(expectation_problems(case, &outcomes));
            problems.extend(error.map(|error| format!("on {}: {error}", subject.name())));
            runs.push(outcomes);
        }
        drop(hold);
        let disagreements = disagreements(group, &runs);
        self.differences
            .fetch_add(usize::from(!disagreements.is_empty()), Ordering::Relaxed);
        problems.extend(disagreements);
        // Where the subjects disagree nobody knows what is right.
        if let Some(blessing) = blessing.filter(|_| problems.is_empty() && !unmet.is_empty()) {
            match blessing.case(group, case, &runs) {
                Ok(()) => unmet.clear(),
                Err(why) => problems.extend(why.iter().map(|why| format!("not blessed: {why}"))),
            }
        }
        problems.splice(0..0, unmet);
        match problems.is_empty() {
            true => Ok(()),
            false => Err(format!("{}\n{}", case.place, problems.join("\n"))),
        }
    }

    fn observe(
        &self,
        group: &Group,
        case: &Case,
        subject: &Arc<dyn Subject>,
    ) -> (Vec<Outcome>, Option<String>) {
        let clock = Clock::new(vec![Arc::clone(subject)]);
        let _turn = group.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let hold = clock.hold(group.clock.unwrap_or(self.started));
        self.run_on(group, case, &**subject, hold.now(0))
    }

    // The steps up to the first that could not be run.
    fn run_on(
        &self,
        group: &Group,
        case: &Case,
        subject: &dyn Subject,
        now: i64,
    ) -> (Vec<Outcome>, Option<String>) {
        let mut outcomes = Vec::new();
        for (number, step) in case.steps.iter().enumerate() {
            let client = |sent| self.client(group, sent);
            match run_step(group, step, subject, now, client) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    return (
                        outcomes,
                        Some(format!("{}{error:#}", step_label(case, number))),
                    );
                }
            }
        }
        (outcomes, None)
    }

    // By the thread that waits for the answer, so that no other is woken, unless that belongs to another runtime.
    fn client(&self, group: &Group, sent: Sent) -> anyhow::Result<Response> {
        match sent {
            // The upstream belongs to the suite's runtime, and is done when it has been seen to end.
            Sent::Talk(address, pieces) => {
                let response = self.wait(talk::talk(address, pieces))??;
                if let Some(talking) = group.talking.clone() {
                    self.wait(async move { talking.settled().await })??;
                }
                Ok(response)
            }
            Sent::Request(address, request) if Handle::try_current().is_ok() => {
                self.wait(client::send(address, *request))?
            }
            Sent::Request(address, request) => {
                thread_local! {
                    static OWN: std::io::Result<Runtime> = Builder::new_current_thread().enable_all().build();
                }
                OWN.with(|own| match own {
                    Ok(own) => own.block_on(client::send(address, *request)),
                    Err(error) => bail!("cannot start an asynchronous runtime: {error}"),
                })
            }
        }
    }

    // Works on any thread, one that belongs to another runtime included.
    fn wait<F>(&self, future: F) -> anyhow::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = mpsc::channel();
        let runtime = self.runtime.as_ref().context("the suite has ended")?;
        runtime.spawn(async move { sender.send(future.await) });
        receiver
            .recv()
            .context("the client ended without an answer")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn expectation_problems(case: &Case, outcomes: &[Outcome]) -> Vec<String> {
    let steps = case.steps.iter().zip(outcomes).enumerate();
    let problems = steps.filter_map(|(number, (step, outcome))| {
        let mut failures = failures(&step.expect, outcome);
        let over = case.budget.map(|budget| budget.failures(&outcome.costs));
        failures.extend(over.unwrap_or_default());
        let label = step_label(case, number);
        let summary = summary(outcome);
        let indented = failures
            .iter()
            .map(|failure| format!("  {}\n", failure.replace('\n', "\n    ")));
        let listed = indented.collect::<String>();
        (!failures.is_empty()).then(|| {
            format!(
                "on {}: {label}not as expected\n{listed}  ({summary})",
                outcome.subject
            )
        })
    });
    problems.collect()
}

fn disagreements(group: &Group, runs: &[Vec<Outcome>]) -> Vec<String> {
    let Some((first, others)) = runs.split_first() else {
        return Vec::new();
    };
    let pairs = others.iter().flat_map(|other| first.iter().zip(other));
    pairs
        .filter_map(|(one, other)| disagreement(one, other, &group.times))
        .collect()
}

fn step_label(case: &Case, number: usize) -> String {
    match case.steps.len() {
        1 => String::new(),
        _ => format!("step {}: ", number + 1),
    }
}
