//! What a module is, without running it: what it needs, what it answers to, which hosts take it, and what makes it big.

mod facts;
mod meaning;
mod sizes;
mod text;
mod verdicts;

use std::collections::BTreeSet;

use serde::Serialize;

use self::facts::Facts;
use crate::abi::AbiVersion;
use crate::engine::{self, Refusal};
use crate::labels;
use crate::listener::ModuleFile;

pub use self::sizes::CrateSize;
pub use self::verdicts::{Verdict, Warning};

/// Everything that can be said about a module.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Where it was read from.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// The ABI version that its first marker says.
    pub abi_version: Option<&'static str>,
    /// What it was made with, as far as it shows.
    pub made_with: Vec<String>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// What it exports.
    pub exports: Vec<Export>,
    /// Its memory, and its tables.
    pub memory: Memory,
    /// What runs when it is loaded, in that order.
    pub start: Vec<String>,
    /// Its sections, in their order.
    pub sections: Vec<Section>,
    /// Its code by crate, the largest first; empty when its function names were stripped.
    pub crates: Vec<CrateSize>,
    /// What each host does with it.
    pub hosts: Vec<Verdict>,
    /// The names it needs in `allowed_capabilities`, if that is not empty.
    pub allowed_capabilities: Vec<String>,
    /// The labels of its metrics, as far as it notes them.
    pub labels: BTreeSet<String>,
    /// What is likely to surprise.
    pub warnings: Vec<Warning>,
}

/// Something that a module imports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Import {
    /// `env`, or a version of WASI.
    pub module: String,
    /// The name in it.
    pub name: String,
    /// `(i32, i32) -> i32`, or what else it is.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it is for.
    pub group: &'static str,
}

/// Something that a module exports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// `(i32, i32) -> i32`, or what else it is.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it is for.
    pub group: &'static str,
}

/// The memory that the host reads and writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Pages of 64 KiB to begin with; none when there is no memory.
    pub initial_pages: Option<u64>,
    /// The most pages, if it says so.
    pub maximum_pages: Option<u64>,
    /// Bytes of stack, which is where the stack pointer begins.
    pub stack: Option<u64>,
}

/// A section and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// `code`, `data`, or a custom section's own name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Reads a module.
///
/// # Errors
/// When it is no module, a component, or broken; the error is a sentence that names the file.
pub fn inspect(module: &ModuleFile) -> anyhow::Result<Inspection> {
    let file = module.path.display().to_string();
    let refused = |why: Refusal| anyhow::anyhow!("`{file}` {why}");
    engine::check_header(&module.bytes).map_err(refused)?;
    let facts =
        Facts::read(&module.bytes).map_err(|error| refused(Refusal::Invalid(error.to_string())))?;
    let abi = facts.markers().find_map(AbiVersion::of_marker);
    Ok(Inspection {
        size: module.bytes.len() as u64,
        sha256: module.sha256.clone(),
        abi_version: abi.map(AbiVersion::name),
        made_with: facts.made_with(),
        imports: facts.imports(),
        exports: facts.exports(),
        memory: facts.memory,
        start: facts.start(),
        crates: sizes::by_crate(&facts),
        hosts: verdicts::of(module, &facts)?,
        allowed_capabilities: facts.capabilities(abi.unwrap_or_default()),
        labels: labels::of(module),
        warnings: verdicts::warnings(&facts),
        sections: facts.sections,
        file,
    })
}

// === impl Inspection ===

impl Inspection {
    /// The same for people.
    #[must_use]
    pub fn text(&self) -> String {
        text::of(self)
    }
}

#[cfg(test)]
mod tests;
