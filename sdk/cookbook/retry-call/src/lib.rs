//! Asks one cluster after the other for a token, until one has it; each is given half a second.

use std::time::Duration;

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryCall {
    clusters: Vec<String>,
}

impl OnRequest for RetryCall {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        for cluster in &self.clusters {
            let call = Call::get(cluster, "/token").timeout(Duration::from_millis(500));
            match request.call(call).await {
                Ok(answer) if answer.status() == 200 => {
                    request.set_header("x-token", answer.body())?;
                    return Ok(Flow::Continue);
                }
                Ok(answer) => log::warn!("{cluster} answered {}", answer.status()),
                Err(error) => log::warn!("{error}"),
            }
        }
        Ok(Flow::reply(503, "nobody has a token"))
    }
}

meshwright::main!(RetryCall: OnRequest, Callouts);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Fault, Host, Reply};

    use super::*;

    fn ask(host: Host, first: Reply, second: Reply) -> Exchange {
        let host = host.configuration(serde_json::json!({"clusters": ["first", "second"]}));
        let host = host.cluster("first", first).cluster("second", second);
        host.send(ClientRequest::get("/"))
    }

    #[meshwright::test(RetryCall, envoy)]
    fn the_second_is_asked_when_the_first_fails(host: Host) {
        for failure in [Reply::new(500), Reply::fault(Fault::Refused)] {
            let exchange = ask(host.clone(), failure, Reply::new(200).body("abc"));
            assert_eq!(exchange.upstream().header("x-token"), Some("abc"));
            assert!(exchange.logged("first answered 50"));
        }
    }

    #[meshwright::test(RetryCall, envoy)]
    fn the_second_is_not_asked_when_the_first_answers(host: Host) {
        let exchange = ask(host, Reply::new(200).body("abc"), Reply::new(200));
        let asked = exchange.calls.iter().map(|call| call.cluster.as_str());
        assert_eq!(asked.collect::<Vec<_>>(), ["first"]);
    }

    #[meshwright::test(RetryCall, envoy)]
    fn when_nobody_answers_the_request_is_not_let_pass(host: Host) {
        let exchange = ask(host, Reply::new(404), Reply::fault(Fault::Reset));
        assert_eq!(exchange.response.status, 503);
        assert!(exchange.upstream.is_empty());
    }
}
