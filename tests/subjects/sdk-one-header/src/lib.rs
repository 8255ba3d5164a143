//! A filter that reads one header.

use meshwright::prelude::*;

struct OneHeader;

impl Filter for OneHeader {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for OneHeader {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        match request.header("user-agent")? {
            Some(agent) if !agent.is_empty() => Ok(Flow::Continue),
            _ => Ok(LocalReply::new(400, "who are you?").into()),
        }
    }
}

meshwright::main!(OneHeader: OnRequest);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    #[meshwright::test(OneHeader, envoy)]
    fn a_request_without_the_header_is_refused(host: Host) {
        let exchange = host.send(ClientRequest::get("/"));
        assert_eq!(exchange.response.status, 400);
        assert_eq!(exchange.response.body, "who are you?");
        assert!(exchange.upstream.is_empty());
    }

    #[meshwright::test(OneHeader, envoy)]
    fn one_with_it_passes(host: Host) {
        let exchange = host.send(ClientRequest::get("/a?b").header("user-agent", "test"));
        assert_eq!(exchange.response.status, 200);
        assert_eq!(exchange.upstream().path, "/a?b");
    }
}
