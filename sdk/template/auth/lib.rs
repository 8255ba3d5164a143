//! Lets requests pass that name a known API key.

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct {{ type }} {
    keys: Vec<String>,
}

impl Filter for {{ type }} {
    type Config = Self;

    fn new(config: Self) -> Result<Self, ConfigError> {
        match config.keys.is_empty() {
            true => Err(ConfigError::new("/keys", "without a key nobody could pass")),
            false => Ok(config),
        }
    }
}

impl OnRequest for {{ type }} {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let key = request.header("x-api-key")?.unwrap_or_default();
        match self.keys.iter().any(|known| key == known.as_str()) {
            true => Ok(Flow::Continue),
            false => Ok(Flow::reply(401, "who are you?")),
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
}
