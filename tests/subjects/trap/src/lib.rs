//! A filter that traps when a request asks it to. A trap fails every plugin of a module (rule T1), so this is a module of
//! its own.

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The request header at which it traps.
    header: String,
}

struct Trap(Config);

impl Filter for Trap {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self(config))
    }
}

impl OnRequest for Trap {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        if request.header(&self.0.header)?.is_some() {
            std::process::abort();
        }
        Ok(Flow::Continue)
    }
}

meshwright::main!(Trap: OnRequest);
