//! A filter that does nothing: the floor that `make bench` compares the others with.

use meshwright::prelude::*;

struct Empty;

impl Filter for Empty {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Empty {
    async fn on_request(&self, _: Request<Self>) -> Result<Flow, Error> {
        Ok(Flow::Continue)
    }
}

meshwright::main!(Empty: OnRequest);
