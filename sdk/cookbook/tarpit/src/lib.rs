//! Lets those wait whom it refuses, so that guessing a key takes long; others do not wait for them.

use std::time::Duration;

use meshwright::prelude::*;

/// Who waits, and how long.
#[meshwright::config]
struct Tarpit {
    /// The API key that passes.
    key: String,
    /// How long the others wait.
    milliseconds: u64,
}

impl OnRequest for Tarpit {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let key = request.header("x-api-key")?.unwrap_or_default();
        if key == self.key.as_str() {
            return Ok(Flow::Continue);
        }
        request
            .sleep(Duration::from_millis(self.milliseconds))
            .await?;
        Ok(Flow::reply(401, "who are you?"))
    }
}

meshwright::main!(Tarpit: OnRequest, Timers);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    #[meshwright::test(Tarpit, envoy)]
    fn who_is_refused_is_refused_in_the_end(host: Host) {
        let configuration = serde_json::json!({"key": "secret", "milliseconds": 50});
        let with = |key: &str| ClientRequest::get("/").header("x-api-key", key);
        let host = host.configuration(configuration);
        let exchanges = host.send_all([with("guess"), with("secret"), with("guess")]);
        let statuses = exchanges.iter().map(|it| it.response.status);
        assert_eq!(statuses.collect::<Vec<_>>(), [401, 200, 401]);
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<Tarpit>("configuration.schema.json");
    }
}
