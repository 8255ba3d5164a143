//! Runs Proxy-Wasm filters as Envoy does: live, in tests, and side by side with a real Envoy.

pub mod listener;
pub mod subject;
