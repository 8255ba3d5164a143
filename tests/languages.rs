//! Filters that are not written in Rust, `tests/languages/<name>`: the host must run what others wrote.
//!
//! Each has a script `build`, which runs in a copy below `target`, so that nothing is put beside the source.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use host_runner::listener::sha256_hex;

/// A filter's source, where it is built, and where its module goes.
struct Language {
    source: PathBuf,
    workshop: PathBuf,
    module: PathBuf,
}

/// Compiles them into the folder of all modules, unless they are there and nothing has changed since.
///
/// # Errors
/// When a compiler is missing (`host-runner doctor --fix node` and pip install them) or fails.
pub fn build_languages(modules: &Path) -> anyhow::Result<()> {
    let workshops = crate::root().join("target/languages");
    fs::create_dir_all(&workshops)?;
    // Tests that run at the same time would write into the same folders. It is unlocked when it is closed.
    let lock = File::create(workshops.join("lock"))?;
    lock.lock()?;
    for entry in fs::read_dir(crate::root().join("tests/languages"))? {
        let source = entry?.path();
        let name = source.file_name().context("a folder has a name")?;
        let language = Language {
            workshop: workshops.join(name),
            module: modules.join(name).with_extension("wasm"),
            source: source.clone(),
        };
        language
            .refresh()
            .with_context(|| format!("cannot compile `{}`", source.display()))?;
    }
    Ok(())
}

// === impl Language ===

impl Language {
    fn refresh(&self) -> anyhow::Result<()> {
        let stamp = self.workshop.join("stamp");
        let wanted = self.fingerprint()?;
        if self.module.is_file() && fs::read_to_string(&stamp).ok().as_ref() == Some(&wanted) {
            return Ok(());
        }
        self.build()?;
        Ok(fs::write(stamp, wanted)?)
    }

    /// The names and contents of all its files.
    fn fingerprint(&self) -> anyhow::Result<String> {
        let mut all = Vec::new();
        for file in self.files()? {
            all.extend(file.as_os_str().as_encoded_bytes());
            all.extend(sha256_hex(&fs::read(&file)?).bytes());
        }
        Ok(sha256_hex(&all))
    }

    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.source)?.map(|entry| Ok(entry?.path()));
        let mut files = entries.collect::<anyhow::Result<Vec<_>>>()?;
        files.retain(|path| path.is_file());
        files.sort();
        Ok(files)
    }

    fn build(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.workshop)?;
        for file in self.files()? {
            let name = file.file_name().context("a file has a name")?;
            fs::copy(&file, self.workshop.join(name))?;
        }
        let draft = self.workshop.join("module.wasm");
        let status = Command::new("./build")
            .arg(&draft)
            .current_dir(&self.workshop)
            .status()?;
        ensure!(
            status.success(),
            "its `build` failed ({status}); `host-runner doctor node` says what is missing"
        );
        // Whoever reads it meanwhile sees the old module or the new one.
        Ok(fs::rename(draft, &self.module)?)
    }
}
