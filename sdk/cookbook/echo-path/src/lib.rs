//! Says in a response header which path was asked for: what the request's side knows, the response's side has, because
//! both are one handler.

use meshwright::prelude::*;

struct Echo;

impl Filter for Echo {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Echo {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let path = request.header(":path")?.unwrap_or_default();
        let response = request.response().await?;
        response.set_header("x-path", path)?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(Echo: OnRequest, Response);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host, Reply};

    use super::*;

    #[meshwright::test(Echo, envoy)]
    fn the_response_names_the_path(host: Host) {
        let host = host.upstream(Reply::new(200).body("books"));
        let requests = ["/a", "/b?c"].map(ClientRequest::get);
        let exchanges = host.send_all(requests);
        let paths = exchanges
            .iter()
            .map(|exchange| exchange.response.header("x-path"));
        assert_eq!(paths.collect::<Vec<_>>(), [Some("/a"), Some("/b?c")]);
        assert!(
            exchanges
                .iter()
                .all(|exchange| exchange.response.body == "books")
        );
    }
}
