//! A recording: streams come in from all workers, and one thread writes them down.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context as _, anyhow};

use super::case::Case;
use super::file::ScenarioFile;
use super::tape::Seen;

/// Where a front sends what it saw.
#[derive(Debug, Clone)]
pub struct Session {
    notes: Sender<Note>,
}

/// How to record.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// The scenario file to write.
    pub out: PathBuf,
    /// The mesh that is served, which the scenario names.
    pub mesh: PathBuf,
    /// Whether requests with credentials are recorded, with the credentials.
    pub with_secrets: bool,
    /// Whether a file that is there already may be replaced.
    pub force: bool,
}

/// The thread that writes.
#[derive(Debug)]
pub struct Writer {
    notes: Sender<Note>,
    thread: JoinHandle<anyhow::Result<usize>>,
}

#[derive(Debug)]
enum Note {
    Over(Box<Seen>),
    Stop,
}

// === impl Session ===

impl Session {
    /// Begins a recording. The file appears with its first case.
    ///
    /// # Errors
    /// When the file is there already and must not be replaced, or its folder is not there.
    pub fn start(options: &RecordOptions) -> anyhow::Result<(Self, Writer)> {
        let file = ScenarioFile::new(options)?;
        let (notes, received) = channel();
        let session = Self {
            notes: notes.clone(),
        };
        let thread = std::thread::Builder::new().name("recorder".into());
        let with_secrets = options.with_secrets;
        let thread = thread.spawn(move || write(file, &received, with_secrets));
        let thread = thread.context("cannot start a thread")?;
        Ok((session, Writer { notes, thread }))
    }

    /// A stream is over. Whether anybody still writes is not the stream's affair.
    pub(super) fn add(&self, seen: Seen) {
        let _ = self.notes.send(Note::Over(Box::new(seen)));
    }
}

// === impl Writer ===

impl Writer {
    /// Ends the recording, with what is over by now, and says how many cases there are.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn finish(self) -> anyhow::Result<usize> {
        let _ = self.notes.send(Note::Stop);
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("the recording ended unexpectedly"))?
    }
}

// The file is written when nothing more waits, so that a busy front costs no more than one file a burst.
fn write(
    mut file: ScenarioFile,
    notes: &Receiver<Note>,
    with_secrets: bool,
) -> anyhow::Result<usize> {
    let mut written = 0;
    while let Ok(note) = notes.recv() {
        let mut next = Some(note);
        let mut stop = false;
        while let Some(note) = next {
            match note {
                Note::Over(seen) => take(&mut file, &seen, with_secrets),
                Note::Stop => stop = true,
            }
            next = notes.try_recv().ok();
        }
        if file.cases() > written {
            file.write()
                .inspect_err(|error| eprintln!("recording ends: {error:#}"))?;
            written = file.cases();
        }
        if stop {
            break;
        }
    }
    Ok(written)
}

fn take(file: &mut ScenarioFile, seen: &Seen, with_secrets: bool) {
    let what = format!("{} {}", seen.method, seen.path);
    match Case::of(seen, with_secrets) {
        Ok(case) => {
            file.add(&case, seen.at);
            eprintln!("recorded {}: {what}: {}", file.cases(), case.status);
        }
        Err(why) => eprintln!("not recorded: {what}: {why}"),
    }
}
