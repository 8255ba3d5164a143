//! Choosing the cluster: the listener's routes in order, on the stream state that filters left (rules W0, W1, W3).

use crate::host::stream::StreamState;
use crate::listener::{Cluster, Route};

/// The routes and clusters of one listener.
#[derive(Debug)]
pub(crate) struct Router {
    routes: Vec<Route>,
    clusters: Vec<Cluster>,
}

/// The route a stream holds: picked before the first filter, and again only when it was cleared (rule W0).
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachedRoute(Option<usize>);

// === impl Router ===

impl Router {
    pub(crate) fn new(routes: Vec<Route>, clusters: Vec<Cluster>) -> Self {
        Self { routes, clusters }
    }

    /// Picks the route anew.
    pub(crate) fn pick(&self, stream: &StreamState) -> CachedRoute {
        // A request without a path (CONNECT) matches no prefix, and without x-forwarded-proto no virtual host (rule H8).
        let headers = &stream.request_headers;
        let has_path = headers
            .get(b":path")
            .is_some_and(|path| path.starts_with(b"/"))
            && headers.get(b"x-forwarded-proto").is_some();
        CachedRoute(
            self.routes
                .iter()
                .position(|route| has_path && matches(route, stream)),
        )
    }

    /// The cluster of a route after the filters ran.
    pub(crate) fn cluster(&self, cached: CachedRoute, stream: &StreamState) -> Option<&Cluster> {
        let CachedRoute(index) = if stream.route_cache_cleared {
            self.pick(stream)
        } else {
            cached
        };
        let route = self.routes.get(index?)?;
        self.clusters
            .iter()
            .find(|cluster| cluster.name == route.cluster)
    }
}

fn matches(route: &Route, stream: &StreamState) -> bool {
    match &route.state {
        Some((name, value)) => stream
            .state
            .get(name.as_bytes())
            .is_some_and(|state| state == value.as_bytes()),
        None => true,
    }
}
