//! Runs Proxy-Wasm filters as Envoy does: live, in tests, and side by side with a real Envoy.

mod abi;
mod engine;
pub mod front;
mod host;
mod hostcalls;
pub mod listener;
pub mod subject;
