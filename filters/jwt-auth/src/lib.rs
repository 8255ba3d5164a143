//! The jwt-auth Proxy-Wasm filter.
