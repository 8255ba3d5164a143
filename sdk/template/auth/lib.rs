//! Lets requests pass that name a known API key.

use std::collections::HashSet;

use meshwright::prelude::*;

/// What access logs call `unknown_api_key`.
const UNKNOWN_KEY: StaticReply = StaticReply::new(401, "unknown_api_key").body("who are you?");

/// Who may pass.
#[meshwright::config]
struct Config {
    /// The API keys that pass.
    keys: Vec<String>,
}

struct {{ type }} {
    keys: HashSet<Vec<u8>>,
}

impl Filter for {{ type }} {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        if config.keys.is_empty() {
            return Err(ConfigError::new("/keys", "without a key nobody could pass"));
        }
        let keys = config.keys.into_iter().map(String::into_bytes).collect();
        Ok(Self { keys })
    }
}

impl OnRequest for {{ type }} {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let key = request.header("x-api-key")?.unwrap_or_default();
        match self.keys.contains(&*key) {
            true => Ok(Flow::Continue),
            false => Ok(UNKNOWN_KEY.into()),
        }
    }
}

meshwright::main!({{ type }}: OnRequest);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host};
    use serde_json::json;

    use super::*;

    fn with_key(host: Host, key: &str) -> Exchange {
        let host = host.configuration(json!({"keys": ["secret"]}));
        host.send(ClientRequest::get("/").header("x-api-key", key))
    }

    #[meshwright::test({{ type }}, envoy)]
    fn a_known_key_passes(host: Host) {
        assert_eq!(with_key(host, "secret").response.status, 200);
    }

    #[meshwright::test({{ type }}, envoy)]
    fn another_does_not(host: Host) {
        let exchange = with_key(host, "guess");
        assert_eq!(exchange.response.status, 401);
        assert!(exchange.upstream.is_empty());
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<{{ type }}>("configuration.schema.json");
    }
}
