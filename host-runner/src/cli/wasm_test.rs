//! `host-runner wasm-test`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Outcome;
use crate::engine::{Engine, EngineOptions, Program};
use crate::host::log_store::LogStore;
use crate::host::vm_state::Shared;
use crate::listener::ModuleFile;

/// Run the tests of a crate that cargo has compiled to a module; cargo does by itself, with
/// `CARGO_TARGET_WASM32_WASIP1_RUNNER="host-runner wasm-test"`.
#[derive(Debug, Args)]
pub(super) struct WasmTest {
    /// The program, a .wasm file with `_start`.
    program: PathBuf,
    /// Its arguments, such as a part of a test's name.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// What libtest says when a test has failed.
const FAILED: u8 = 101;

// === impl WasmTest ===

impl WasmTest {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let file = ModuleFile::read(&self.program)?;
        let engine = Engine::new(&EngineOptions {
            callback_limit: None,
            ..EngineOptions::default()
        })?;
        let mut arguments = vec![file.path.display().to_string()];
        arguments.extend(self.arguments);
        let program = Program {
            arguments: &arguments,
            environment: environment(),
            shared: Shared {
                logs: Arc::new(LogStore::echoing()),
                ..Shared::default()
            },
        };
        let code = match engine.run(&file.bytes, program) {
            Ok(code) => u8::try_from(code).unwrap_or(FAILED),
            Err(error) => {
                eprintln!("error: {error:#}");
                FAILED
            }
        };
        Ok(Outcome::Code(code))
    }
}

// Of this process's, what libtest and panics look at. A panic ends a module, and what libtest has kept of its output would be
// lost with it, the reason first of all: it keeps none.
fn environment() -> BTreeMap<String, String> {
    let shown = [("RUST_TEST_NOCAPTURE".to_owned(), "1".to_owned())];
    let own = std::env::vars().filter(|(name, _)| name.starts_with("RUST_"));
    shown.into_iter().chain(own).collect()
}
