//! What a person at a terminal sees: what the commands print, and their exit codes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bless;
mod check;
mod command;
mod jwt;
mod mistakes;
mod record;
mod tools;
#[expect(dead_code, reason = "how modules are loaded is tested elsewhere")]
#[path = "../support/wasm.rs"]
mod wasm;
