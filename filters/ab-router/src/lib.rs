//! The ab-router Proxy-Wasm filter.
