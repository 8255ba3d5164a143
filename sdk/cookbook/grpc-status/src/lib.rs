//! Tells gRPC clients in their own words that an upstream failed: 503 and a page of HTML are nothing that they understand.

use meshwright::core::reply::{grpc_status, is_grpc};
use meshwright::prelude::*;

/// Longer pages are cut off with their connection.
const LIMIT: usize = 64 * 1024;

struct GrpcStatus;

impl Filter for GrpcStatus {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for GrpcStatus {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let kind = request.header("content-type")?.unwrap_or_default();
        if !is_grpc(&kind) {
            return Ok(Flow::Continue);
        }
        let response = request.response().await?;
        let status = response.status()?;
        if status == 200 {
            return Ok(Flow::Continue);
        }
        response.set_header(":status", "200")?;
        response.set_header("content-type", "application/grpc")?;
        response.set_header("grpc-status", grpc_status(status.into()).to_string())?;
        response.set_header("grpc-message", format!("upstream answered {status}"))?;
        let mut page = response.edit_body(LIMIT).await?;
        page.replace("")?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(GrpcStatus: OnRequest, Response, ResponseBody);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn answered(host: Host, kind: &str, reply: Reply) -> Exchange {
        let request = ClientRequest::post("/books.Books/List", "asked");
        host.upstream(reply)
            .send(request.header("content-type", kind))
    }

    #[meshwright::test(GrpcStatus, envoy)]
    fn a_failure_becomes_a_grpc_status(host: Host) {
        let failure = Reply::new(503)
            .body("<html>")
            .header("content-type", "text/html");
        let exchange = answered(host, "application/grpc", failure);
        assert_eq!(exchange.response.status, 200);
        assert_eq!(exchange.response.header("grpc-status"), Some("14"));
        assert_eq!(exchange.response.body, "");
    }

    #[meshwright::test(GrpcStatus, envoy)]
    fn others_get_what_there_is(host: Host) {
        let exchange = answered(host, "text/plain", Reply::new(503).body("<html>"));
        assert_eq!(exchange.response.status, 503);
        assert_eq!(exchange.response.body, "<html>");
    }
}
