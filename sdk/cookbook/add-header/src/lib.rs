//! Sets headers of requests and responses.

use std::collections::BTreeMap;

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AddHeader {
    request: BTreeMap<String, String>,
    response: BTreeMap<String, String>,
}

impl OnRequest for AddHeader {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        for (name, value) in &self.request {
            request.set_header(name, value)?;
        }
        Ok(Flow::Continue)
    }
}

impl OnResponse for AddHeader {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        for (name, value) in &self.response {
            response.set_header(name, value)?;
        }
        Ok(Flow::Continue)
    }
}

meshwright::main!(AddHeader: OnRequest, OnResponse);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};
    use serde_json::json;

    use super::*;

    #[meshwright::test(AddHeader, envoy)]
    fn both_are_set(host: Host) {
        let headers = json!({"request": {"x-a": "1"}, "response": {"X-B": "2"}});
        let host = host.configuration(headers);
        let exchange = host.send(ClientRequest::get("/").header("x-a", "0"));
        assert_eq!(exchange.upstream().header("x-a"), Some("1"));
        assert_eq!(exchange.response.header("x-b"), Some("2"));
    }

    #[meshwright::test(AddHeader, envoy)]
    fn a_value_with_a_line_end_does_not_become_a_header(host: Host) {
        let headers = json!({"request": {}, "response": {"x-b": "2\r\nset-cookie: a=b"}});
        let exchange = host.configuration(headers).send(ClientRequest::get("/"));
        assert_eq!(exchange.response.status, 500);
        assert_eq!(exchange.response.header("set-cookie"), None);
        assert!(exchange.logged("header `x-b` cannot be sent"));
    }
}
