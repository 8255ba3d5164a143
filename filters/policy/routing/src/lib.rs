//! Istio VirtualService http routing as a pure function.
