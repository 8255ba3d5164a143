//! Asks an auth service whether a request may pass, and answers 403 when it may not, or when nobody answers in time.

use std::time::Duration;

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AskAuth {
    cluster: String,
    path: String,
}

impl OnRequest for AskAuth {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let who = request.header("authorization")?.unwrap_or_default();
        let call = Call::get(&self.cluster, &self.path).header("authorization", who);
        let answer = request.call(call.timeout(Duration::from_millis(500)));
        match answer.await?.status() {
            200 => Ok(Flow::Continue),
            _ => Ok(Flow::reply(403, "ask somebody else")),
        }
    }
}

meshwright::main!(AskAuth: OnRequest, Callouts);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Fault, Host, Reply};

    use super::*;

    fn ask(host: Host, reply: Reply) -> Exchange {
        let configuration = serde_json::json!({"cluster": "auth", "path": "/check"});
        let host = host.configuration(configuration).cluster("auth", reply);
        host.send(ClientRequest::post("/books", "a body").header("authorization", "me"))
    }

    #[meshwright::test(AskAuth, envoy)]
    fn who_may_passes(host: Host) {
        let exchange = ask(host, Reply::new(200));
        assert_eq!(exchange.response.status, 200);
        assert_eq!(exchange.upstream().body, "a body");
        assert_eq!(exchange.calls.len(), 1);
        assert_eq!(exchange.calls[0].path, "/check");
        assert_eq!(exchange.calls[0].header("authorization"), Some("me"));
    }

    #[meshwright::test(AskAuth, envoy)]
    fn who_may_not_does_not(host: Host) {
        let exchange = ask(host, Reply::new(401));
        assert_eq!(exchange.response.status, 403);
        assert_eq!(exchange.response.body, "ask somebody else");
        assert!(exchange.upstream.is_empty());
    }

    #[meshwright::test(AskAuth, envoy)]
    fn nobody_passes_when_there_is_no_answer(host: Host) {
        for fault in [Fault::Silent, Fault::Refused, Fault::Reset] {
            let exchange = ask(host.clone(), Reply::fault(fault));
            assert_eq!(exchange.response.status, 403, "{fault:?}");
            assert!(exchange.upstream.is_empty());
        }
    }
}
