//! Looks for changes of what is served, a mesh file and its modules or one module, and has them served.
//!
//! It asks for times and sizes again and again, which also works where a build replaces files and in shared folders.

use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use super::Served;
use crate::front::Front;

/// Soon enough for a person.
const EVERY: Duration = Duration::from_millis(250);

/// The files that are looked at.
pub(super) struct Watch {
    source: Served,
    modules: PathBuf,
    served: Stamps,
}

type Stamps = Vec<(PathBuf, u64, Option<SystemTime>)>;

// === impl Watch ===

impl Watch {
    pub(super) fn new(source: Served, modules: &Path) -> Self {
        Self {
            modules: modules.to_owned(),
            served: stamps(source.file(), modules),
            source,
        }
    }

    /// Until the front is gone.
    pub(super) async fn run(mut self, front: Weak<Front>) {
        let mut last = self.served.clone();
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(front) = front.upgrade() else {
                return;
            };
            let now = stamps(self.source.file(), &self.modules);
            // What is still being written changes again.
            let settled = now == last;
            last.clone_from(&now);
            if settled && now != self.served {
                self.served = now;
                // Starting plugins takes long, and enters the runtime itself.
                let (source, modules) = (self.source.clone(), self.modules.clone());
                let reload = move || reload(&front, &source, &modules);
                let _ = tokio::task::spawn_blocking(reload).await;
            }
        }
    }
}

fn reload(front: &Front, source: &Served, modules: &Path) {
    let listener = source.listener(modules);
    match listener.and_then(|listener| front.reload(&[listener])) {
        Ok(()) => eprintln!("reloaded: new requests are served by what is in the files now"),
        Err(error) => eprintln!("not reloaded, the old one serves on: {error:#}"),
    }
}

fn stamps(file: &Path, modules: &Path) -> Stamps {
    let entries = std::fs::read_dir(modules).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let modules = files.filter(|file| file.extension().is_some_and(|it| it == "wasm"));
    let mut files: Vec<_> = modules.chain([file.to_owned()]).collect();
    files.sort();
    files.dedup();
    let stamp = |file: PathBuf| {
        let metadata = std::fs::metadata(&file).ok()?;
        Some((file, metadata.len(), metadata.modified().ok()))
    };
    files.into_iter().filter_map(stamp).collect()
}
