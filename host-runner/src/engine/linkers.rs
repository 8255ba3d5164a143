//! What modules of each ABI version may import (rule V7).

use std::sync::OnceLock;

use wasmtime::{Engine, Linker};

use crate::abi::AbiVersion;
use crate::host::vm_state::VmState;
use crate::hostcalls;

/// Each is made when a module first asks for it.
pub(super) struct Linkers {
    engine: Engine,
    made: [(AbiVersion, OnceLock<Made>); AbiVersion::ALL.len()],
}

// Or why it cannot be made.
type Made = Result<Linker<VmState>, String>;

// === impl Linkers ===

impl Linkers {
    pub(super) fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            made: AbiVersion::ALL.map(|abi| (abi, OnceLock::new())),
        }
    }

    /// That of a version, or why there is none.
    pub(super) fn of(&self, abi: AbiVersion) -> Result<&Linker<VmState>, &str> {
        let made = self.made.iter().find(|(version, _)| *version == abi);
        let (_, made) = made.ok_or("no such ABI version")?;
        let make = || hostcalls::linker(&self.engine, abi).map_err(|error| format!("{error:#}"));
        made.get_or_init(make).as_ref().map_err(String::as_str)
    }
}
