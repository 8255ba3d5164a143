//! A listener's filter chain: its plugins, and where the requests that pass them go.

mod buffer;
mod ends;
mod events;
mod filter;
mod finish;
mod iterate;
mod replies;

use std::ops::Range;

use crate::host::header_map::HeaderMap;
use crate::host::stream::Stream;
use crate::listener::{Cluster, Listener, Route, cluster_name};

/// What every stream of a listener passes.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The listener's name, which its virtual host has too.
    pub(crate) name: String,
    pub(crate) routes: Vec<Route>,
    /// By their names in the whole proxy.
    pub(crate) clusters: Vec<Cluster>,
    /// Which of the worker's plugins are its filters, in order.
    pub(crate) plugins: Range<usize>,
    /// Whether HTTP/1 trailers pass (rule L12).
    pub(crate) trailers: bool,
    /// Bytes that may be held back in one direction (rule B1).
    pub(crate) buffer_limit: usize,
}

// === impl Chain ===

impl Chain {
    /// The chain of one of all listeners, whose filters are these plugins of the worker.
    pub(crate) fn new(listener: &Listener, all: &[Listener], plugins: Range<usize>) -> Self {
        let name = |name: &str| cluster_name(all, listener, name);
        let route = |route: &Route| Route {
            cluster: name(&route.cluster),
            ..route.clone()
        };
        let cluster = |cluster: &Cluster| Cluster {
            name: name(&cluster.name),
            ..cluster.clone()
        };
        Self {
            name: listener.name.clone(),
            routes: listener.routes.iter().map(route).collect(),
            clusters: listener.clusters.iter().map(cluster).collect(),
            plugins,
            trailers: listener.trailers,
            buffer_limit: listener.buffer_limit as usize,
        }
    }

    /// The first route that matches. A request without a path (CONNECT) matches no prefix, and without
    /// `x-forwarded-proto` no virtual host (rule H8).
    pub(crate) fn pick(&self, stream: &Stream) -> Option<usize> {
        let headers = &stream.request_headers;
        let proto = headers.get(b"x-forwarded-proto");
        if !has_path(headers) || proto.is_none_or(<[u8]>::is_empty) {
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
        self.clusters
            .get(cluster)
            .map(|cluster| cluster.name.as_str())
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
