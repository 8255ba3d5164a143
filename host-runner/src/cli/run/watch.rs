//! Looks for changes of a mesh file and its modules, and has them served.
//!
//! It asks for times and sizes again and again, which also works where a build replaces files and in shared folders.

use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use crate::front::Front;
use crate::mesh::Mesh;

/// Soon enough for a person.
const EVERY: Duration = Duration::from_millis(250);

/// The files that are looked at.
pub(super) struct Watch {
    mesh: PathBuf,
    modules: PathBuf,
    served: Stamps,
}

type Stamps = Vec<(PathBuf, u64, Option<SystemTime>)>;

// === impl Watch ===

impl Watch {
    pub(super) fn new(mesh: &Path, modules: &Path) -> Self {
        Self {
            mesh: mesh.to_owned(),
            modules: modules.to_owned(),
            served: stamps(mesh, modules),
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
            let now = stamps(&self.mesh, &self.modules);
            // What is still being written changes again.
            let settled = now == last;
            last.clone_from(&now);
            if settled && now != self.served {
                self.served = now;
                // Starting plugins takes long, and enters the runtime itself.
                let (mesh, modules) = (self.mesh.clone(), self.modules.clone());
                let reload = move || reload(&front, &mesh, &modules);
                let _ = tokio::task::spawn_blocking(reload).await;
            }
        }
    }
}

fn reload(front: &Front, mesh: &Path, modules: &Path) {
    let listener = Mesh::read(mesh).and_then(|mesh| mesh.listener(modules));
    match listener.and_then(|listener| front.reload(&[listener])) {
        Ok(()) => eprintln!("reloaded: new requests are served by what is in the files now"),
        Err(error) => eprintln!("not reloaded, the old one serves on: {error:#}"),
    }
}

fn stamps(mesh: &Path, modules: &Path) -> Stamps {
    let entries = std::fs::read_dir(modules).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let modules = files.filter(|file| file.extension().is_some_and(|it| it == "wasm"));
    let mut files: Vec<_> = modules.chain([mesh.to_owned()]).collect();
    files.sort();
    let stamp = |file: PathBuf| {
        let metadata = std::fs::metadata(&file).ok()?;
        Some((file, metadata.len(), metadata.modified().ok()))
    };
    files.into_iter().filter_map(stamp).collect()
}
