//! Greets: sets a request header and a response header.

use meshwright::prelude::*;

/// Greets.
#[meshwright::config]
struct {{ type }} {
    /// What the upstream is told.
    greeting: String,
}

impl OnRequest for {{ type }} {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        request.set_header("x-greeting", &self.greeting)?;
        let response = request.response().await?;
        response.set_header("x-greeted", "yes")?;
        Ok(Flow::Continue)
    }
}

meshwright::main!({{ type }}: OnRequest, Response);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};
    use serde_json::json;

    use super::*;

    #[meshwright::test({{ type }}, envoy)]
    fn it_greets(host: Host) {
        let host = host.configuration(json!({"greeting": "hello"}));
        let exchange = host.send(ClientRequest::get("/"));
        assert_eq!(exchange.upstream().header("x-greeting"), Some("hello"));
        assert_eq!(exchange.response.header("x-greeted"), Some("yes"));
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<{{ type }}>("configuration.schema.json");
    }
}
