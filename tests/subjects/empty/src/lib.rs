//! A filter that does nothing: the floor that `make bench` compares the others with.

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Empty;

impl Filter for Empty {
    type Config = Config;

    fn new(_: Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn on_request(&self, _: &Request<'_>) -> Result<Verdict, HostError> {
        Ok(Verdict::proceed("empty.nothing_to_judge"))
    }
}

meshwright::main!(Empty);
