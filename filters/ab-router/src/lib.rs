//! VirtualService http routing as a Proxy-Wasm filter: marks the chosen destination so that the proxy re-routes to it.
//!
//! The rules (what matches, which weight) are in `filters/policy/routing`. The mark is stream state, so it reaches the
//! proxy's route matching and access log but neither the client nor the upstream (rules W0 to W3).

use meshwright::prelude::*;
use policy_routing::{Config, Router};

struct AbRouter {
    router: Router,
}

impl Filter for AbRouter {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        let router = Router::from_config(&config)?;
        Ok(Self { router })
    }
}

impl OnRequest for AbRouter {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        request.enact(self.router.assign(&request.head()?, request.random()))
    }
}

meshwright::main!(AbRouter: OnRequest);
