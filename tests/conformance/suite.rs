//! Everything that a run needs: the scripts, and what Envoy said when it was last asked.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::Context as _;

use super::golden::Golden;
use super::observe::Transcript;
use super::script::{Group, Script};
use super::stage::Stage;
use super::verdict::Verdict;

/// Listeners that one proxy serves at once: each has a VM of its own, with some megabytes for every thread.
const BATCH: usize = 60;

/// How often a script that differs is run again.
const RETRIES: usize = 2;

/// The conformance scripts, with what is kept of earlier runs.
#[derive(Debug, Clone)]
pub struct Suite {
    folder: PathBuf,
    /// The files of scripts.
    pub groups: Vec<Group>,
    /// What Envoy said, by group.
    pub goldens: BTreeMap<String, Golden>,
}

/// A script, and the group that it is of.
#[derive(Debug, Clone)]
pub struct Chosen {
    id: String,
    /// The group's name.
    pub group: String,
    /// The script.
    pub script: Script,
}

/// What both hosts made of a script.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The script.
    pub chosen: Chosen,
    /// What Envoy said, or its golden transcript.
    pub envoy: Transcript,
    /// What host-runner said.
    pub ours: Transcript,
}

/// What host-runner is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// A real Envoy.
    Envoy,
    /// What it said when the golden transcripts were made.
    Golden,
}

// === impl Suite ===

impl Suite {
    /// Reads all files of `tests/conformance`.
    ///
    /// # Errors
    /// When one cannot be read, or they do not fit together.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let groups = Group::read_all(&folder.join("scripts"))?;
        let mut goldens = BTreeMap::new();
        for group in &groups {
            let golden = Golden::read(&folder.join("golden"), &group.name)?;
            goldens.insert(group.name.clone(), golden);
        }
        Ok(Self {
            folder: folder.to_owned(),
            groups,
            goldens,
        })
    }

    /// The scripts whose `group/name` is wanted.
    #[must_use]
    pub fn choose(&self, wanted: impl Fn(&str) -> bool) -> Vec<Chosen> {
        let mut chosen = Vec::new();
        for (group_index, group) in self.groups.iter().enumerate() {
            for (index, script) in group.scripts.iter().enumerate() {
                if wanted(&format!("{}/{}", group.name, script.name)) {
                    chosen.push(Chosen {
                        // Of one length, because plugins see how long their configuration is.
                        id: format!("s{group_index:02}-{index:03}"),
                        group: group.name.clone(),
                        script: script.clone(),
                    });
                }
            }
        }
        chosen
    }

    /// Runs scripts, `modules` being the folder of the probe's modules. How many reads a message takes is up to the kernel,
    /// and a busy machine can make two of one: a script that differs is run again, and said to have been.
    ///
    /// # Errors
    /// When a proxy does not start or answers no more, or a golden transcript is missing.
    pub fn run(
        &self,
        chosen: &[Chosen],
        modules: &Path,
        reference: Reference,
    ) -> anyhow::Result<Vec<Ran>> {
        let mut ran = self.run_once(chosen, modules, reference)?;
        for _ in 0..RETRIES {
            let mut again: Vec<_> = ran.iter_mut().filter(|ran| ran.differs()).collect();
            let chosen: Vec<_> = again.iter().map(|ran| ran.chosen.clone()).collect();
            let repeated = self.run_once(&chosen, modules, reference)?;
            for (first, second) in again.iter_mut().zip(repeated) {
                eprintln!(
                    "{}/{} differed and was run again",
                    second.chosen.group, second.chosen.script.name
                );
                **first = second;
            }
        }
        Ok(ran)
    }

    fn run_once(
        &self,
        chosen: &[Chosen],
        modules: &Path,
        reference: Reference,
    ) -> anyhow::Result<Vec<Ran>> {
        let ran = in_parallel(&chosen.chunks(BATCH).collect::<Vec<_>>(), |batch| {
            self.run_batch(batch, modules, reference)
        })?;
        Ok(ran.into_iter().flatten().collect())
    }

    fn run_batch(
        &self,
        batch: &[Chosen],
        modules: &Path,
        reference: Reference,
    ) -> anyhow::Result<Vec<Ran>> {
        let scripts: Vec<_> = batch
            .iter()
            .map(|it| (it.id.clone(), it.script.clone()))
            .collect();
        let stage = Stage::new(&scripts, modules)?;
        let ours = stage.run_on_host_runner()?;
        let theirs = match reference {
            Reference::Golden => batch
                .iter()
                .map(|it| self.golden(it))
                .collect::<anyhow::Result<_>>()?,
            Reference::Envoy => stage.run_on_envoy()?,
        };
        let both = batch.iter().cloned().zip(theirs).zip(ours);
        Ok(both
            .map(|((chosen, envoy), ours)| Ran {
                chosen,
                envoy,
                ours,
            })
            .collect())
    }

    fn golden(&self, chosen: &Chosen) -> anyhow::Result<Transcript> {
        let golden = self.goldens.get(&chosen.group);
        let transcript = golden.and_then(|golden| golden.get(&chosen.script.name));
        transcript.cloned().with_context(|| {
            format!(
                "`{}/{}` has no golden transcript: run `make conformance-bless`",
                chosen.group, chosen.script.name
            )
        })
    }

    /// Keeps what Envoy said.
    pub fn keep(&mut self, ran: &Ran) {
        let Chosen { group, script, .. } = &ran.chosen;
        let golden = self.goldens.entry(group.clone()).or_default();
        golden.set(&script.name, ran.envoy.clone());
    }

    /// Writes what is kept, without scripts that are gone.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&mut self) -> anyhow::Result<()> {
        for group in &self.groups {
            let golden = self.goldens.entry(group.name.clone()).or_default();
            golden.retain(|name| group.scripts.iter().any(|script| script.name == name));
            golden.write(&self.folder.join("golden"), &group.name)?;
        }
        Ok(())
    }
}

// === impl Ran ===

impl Ran {
    /// How host-runner did.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.envoy, &self.ours)
    }

    fn differs(&self) -> bool {
        self.verdict() != Verdict::Same
    }
}

// One thread for each core, each of which takes the next batch when it has done one. The order stays.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    batches: &[T],
    run: impl Fn(&T) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (next, (done, results)) = (AtomicUsize::new(0), mpsc::channel());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, done, batches, run) = (&next, done.clone(), batches, &run);
            scope.spawn(move || {
                while let Some((index, batch)) = take(next, batches) {
                    let _ = done.send((index, run(batch)));
                }
            });
        }
    });
    drop(done);
    let mut results: Vec<_> = results.into_iter().collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, T>(next: &AtomicUsize, batches: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, batches.get(index)?))
}
