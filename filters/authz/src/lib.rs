//! The authz Proxy-Wasm filter.
