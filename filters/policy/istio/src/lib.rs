//! Istio resources to the plugin configurations of our filters.
