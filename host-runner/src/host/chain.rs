//! A listener's filter chain: its plugins, and where the requests that pass them go.

mod buffer;
mod ends;
mod events;
mod filter;
mod finish;
mod iterate;
mod replies;

use crate::host::header_map::HeaderMap;
use crate::host::stream::Stream;
use crate::listener::{Cluster, Listener, Names, Route};

/// What every stream of a listener passes.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The listener's name, which its virtual host has too.
    pub(crate) name: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) clusters: Vec<Cluster>,
    /// What Envoy calls each of them.
    envoy_clusters: Vec<String>,
    /// Bytes that may be held back in one direction (rule B1).
    pub(crate) buffer_limit: usize,
}

// === impl Chain ===

impl Chain {
    pub(crate) fn new(listener: &Listener, names: Names) -> Self {
        let clusters = listener.clusters.iter();
        Self {
            name: listener.name.clone(),
            envoy_clusters: clusters
                .map(|cluster| names.cluster(listener, &cluster.name))
                .collect(),
            routes: listener.routes.clone(),
            clusters: listener.clusters.clone(),
            buffer_limit: listener.buffer_limit as usize,
        }
    }

    /// The first route that matches. A request without a path (CONNECT) matches no prefix, and without
    /// `x-forwarded-proto` no virtual host (rule H8).
    pub(crate) fn pick(&self, stream: &Stream) -> Option<usize> {
        let headers = &stream.request_headers;
        if !has_path(headers) || headers.get(b"x-forwarded-proto").is_none() {
            return None;
        }
        self.routes.iter().position(|route| matches(route, stream))
    }

    /// The index of a route's cluster.
    pub(crate) fn cluster(&self, route: usize) -> Option<usize> {
        let name = &self.routes.get(route)?.cluster;
        self.clusters
            .iter()
            .position(|cluster| cluster.name == *name)
    }

    /// What Envoy calls a route's cluster.
    pub(crate) fn cluster_name(&self, route: usize) -> Option<&str> {
        let cluster = self.cluster(route)?;
        self.envoy_clusters.get(cluster).map(String::as_str)
    }
}

fn has_path(headers: &HeaderMap) -> bool {
    headers
        .get(b":path")
        .is_some_and(|path| path.starts_with(b"/"))
}

fn matches(route: &Route, stream: &Stream) -> bool {
    match &route.state {
        Some((name, value)) => stream
            .info
            .state
            .property(name.as_bytes())
            .is_some_and(|property| property.value == value.as_bytes()),
        None => true,
    }
}
