//! Istio AuthorizationPolicy as a pure function.
