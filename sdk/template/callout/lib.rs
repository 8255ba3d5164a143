//! Asks a service whether a request may pass.

use std::time::Duration;

use meshwright::prelude::*;

/// Whom to ask.
#[meshwright::config]
struct {{ type }} {
    /// The cluster of the service.
    cluster: String,
    /// The path of the question.
    path: String,
}

impl OnRequest for {{ type }} {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let who = request.header("authorization")?.unwrap_or_default();
        let call = Call::get(&self.cluster, &self.path)
            .header("authorization", who)
            .timeout(Duration::from_millis(500));
        match request.call(call).await?.status() {
            200 => Ok(Flow::Continue),
            _ => Ok(Flow::reply(403, "you may not")),
        }
    }
}

meshwright::main!({{ type }}: OnRequest, Callouts);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Fault, Host, Reply};
    use serde_json::json;

    use super::*;

    fn answered(host: Host, reply: Reply) -> Exchange {
        let host = host.configuration(json!({"cluster": "auth", "path": "/check"}));
        host.cluster("auth", reply).send(ClientRequest::get("/"))
    }

    #[meshwright::test({{ type }}, envoy)]
    fn who_may_passes(host: Host) {
        assert_eq!(answered(host, Reply::new(200)).response.status, 200);
    }

    #[meshwright::test({{ type }}, envoy)]
    fn who_may_not_does_not(host: Host) {
        assert_eq!(answered(host, Reply::new(401)).response.status, 403);
    }

    #[meshwright::test({{ type }}, envoy)]
    fn nobody_passes_without_an_answer(host: Host) {
        let exchange = answered(host, Reply::fault(Fault::Silent));
        assert_eq!(exchange.response.status, 403);
        assert!(exchange.upstream.is_empty());
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<{{ type }}>("configuration.schema.json");
    }
}
