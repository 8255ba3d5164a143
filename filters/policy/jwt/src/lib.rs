//! Istio RequestAuthentication as a pure function.
