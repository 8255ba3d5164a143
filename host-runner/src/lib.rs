//! Runs Proxy-Wasm filters as Envoy does: live, in tests, and side by side with a real Envoy.

mod abi;
#[doc(hidden)]
pub mod bench;
pub mod build;
mod check;
pub mod cli;
mod command;
mod configuration;
pub mod doctor;
pub mod engine;
pub mod envoy;
mod foreign;
pub mod front;
mod host;
mod hostcalls;
pub mod inspect;
pub mod labels;
pub mod listener;
pub mod memory;
pub mod mesh;
pub mod profile;
mod project;
pub mod record;
pub mod report;
pub mod scenario;
pub mod subject;
pub mod testing;
pub mod token;
pub mod trace;
pub mod upstream;
#[cfg(test)]
#[path = "../tests/support/wasm.rs"]
mod wasm;
pub mod yaml;
