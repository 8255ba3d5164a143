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

    fn on_request(&self, request: &Request<'_>) -> Result<Verdict, HostError> {
        if request.head()?.header(&self.0.header).is_some() {
            std::process::abort();
        }
        Ok(Verdict::proceed("trap.not_asked_to"))
    }
}

meshwright::main!(Trap);
