//! What `run` prints: where the mesh is served, and what to try.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Mesh;
use crate::listener::Protocol;
use crate::scenario::examples;
use crate::subject::{Subject, welcome_to};

impl Mesh {
    /// A few lines for a person: the address, then a `curl` command for each example.
    ///
    /// # Errors
    /// When the examples cannot be read.
    pub fn welcome(&self, subject: &dyn Subject, wasm_dir: &Path) -> anyhow::Result<String> {
        let name = &self.document.name;
        let (address, mut text) = welcome_to(name, Protocol::Http, subject)?;
        let address = address.to_string();
        for example in self.examples(wasm_dir, &address)? {
            write!(text, "\n# {}\n{}\n", example.shows, example.curl(&address))?;
        }
        Ok(text)
    }

    fn examples(&self, wasm_dir: &Path, address: &str) -> anyhow::Result<Vec<examples::Example>> {
        let Some(file) = &self.document.examples else {
            return Ok(Vec::new());
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mesh_loader = |path: &Path| Self::read(path)?.listener(wasm_dir);
        examples::read(
            &self.folder.join(file),
            wasm_dir,
            &mesh_loader,
            address,
            i64::try_from(now)?,
        )
    }
}
