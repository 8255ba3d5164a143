//! Replies as its paths say, and logs what became of that: to clients of gRPC and to others, declared or made up.

use meshwright::prelude::*;
use meshwright::properties::{RESPONSE_CODE, RESPONSE_CODE_DETAILS, RESPONSE_GRPC_STATUS};

/// With everything.
const NO_TOKEN: StaticReply = StaticReply::new(401, "no_token")
    .body("50 % of a tökén")
    .headers(&[("www-authenticate", "Bearer"), ("x-why", "none")])
    .grpc(16);

/// With what must be, and no more: what it is to gRPC follows from its status.
const FORBIDDEN: StaticReply = StaticReply::new(403, "forbidden");

struct DeclaredReplies;

impl Filter for DeclaredReplies {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for DeclaredReplies {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let path = request.header(":path")?.unwrap_or_default();
        Ok(match &*path {
            b"/token" => NO_TOKEN.into(),
            b"/forbidden" => FORBIDDEN.into(),
            b"/made-up" => {
                let reply = LocalReply::from(NO_TOKEN).with_body("not today");
                reply
                    .with_details("with white space")
                    .with_grpc_status(99)
                    .into()
            }
            _ => Flow::Continue,
        })
    }
}

impl OnResponse for DeclaredReplies {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        response.set_header("x-seen", response.status()?.to_string())?;
        Ok(Flow::Continue)
    }
}

impl OnLog for DeclaredReplies {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        let details = entry.get(RESPONSE_CODE_DETAILS)?.unwrap_or_default();
        let code = entry.get(RESPONSE_CODE)?.unwrap_or_default();
        let grpc = entry.get(RESPONSE_GRPC_STATUS)?.unwrap_or_default();
        log::info!("{details} {code} {grpc}");
        Ok(())
    }
}

meshwright::main!(DeclaredReplies: OnRequest, OnResponse, OnLog);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host};

    use super::*;

    fn grpc(host: &Host, path: &str) -> Exchange {
        let request = ClientRequest::post(path, "asked");
        host.send(request.header("content-type", "application/grpc+proto"))
    }

    #[meshwright::test(DeclaredReplies, envoy)]
    fn a_client_gets_what_was_declared_and_the_log_its_code(host: Host) {
        let exchange = host.send(ClientRequest::get("/token"));
        let response = &exchange.response;
        assert_eq!(response.status, 401);
        assert_eq!(response.body, "50 % of a tökén");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        assert_eq!(response.header("x-why"), Some("none"));
        assert_eq!(response.header("grpc-status"), None);
        assert_eq!(response.header("x-seen"), Some("401"));
        assert!(exchange.logged("no_token 401 16"), "{exchange:#?}");
        let exchange = host.send(ClientRequest::get("/forbidden"));
        assert!(exchange.logged("forbidden 403 7"), "{exchange:#?}");
    }

    #[meshwright::test(DeclaredReplies, envoy)]
    fn a_client_of_grpc_gets_the_declared_status_and_the_body_as_message(host: Host) {
        let exchange = grpc(&host, "/token");
        let response = &exchange.response;
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "");
        assert_eq!(response.header("content-type"), Some("application/grpc"));
        assert_eq!(response.header("grpc-status"), Some("16"));
        let message = response.header("grpc-message");
        assert_eq!(message, Some("50 %25 of a t%C3%B6k%C3%A9n"));
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        assert_eq!(response.header("x-seen"), Some("200"));
        assert!(exchange.logged("no_token 200 16"), "{exchange:#?}");
    }

    #[meshwright::test(DeclaredReplies, envoy)]
    fn without_a_declared_status_it_follows_from_that_of_http(host: Host) {
        let exchange = grpc(&host, "/forbidden");
        let response = &exchange.response;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("grpc-status"), Some("7"));
        assert_eq!(response.header("grpc-message"), None);
        assert!(exchange.logged("forbidden 200 7"), "{exchange:#?}");
    }

    #[meshwright::test(DeclaredReplies, envoy)]
    fn what_is_no_status_of_grpc_is_none_and_white_space_is_not_shown(host: Host) {
        let exchange = grpc(&host, "/made-up");
        assert_eq!(exchange.response.header("grpc-status"), Some("16"));
        assert_eq!(exchange.response.header("grpc-message"), Some("not today"));
        assert!(exchange.logged("with_white_space 200 16"), "{exchange:#?}");
    }
}
