//! Asks one replica for a token, and the next one when that is slow, and so on; the first good answer wins.

use std::time::Duration;

use meshwright::Answer;
use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HedgeCall {
    clusters: Vec<String>,
    /// How much later the next one is asked.
    milliseconds: u64,
}

impl OnRequest for HedgeCall {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let replicas = self.clusters.iter().zip(0..);
        let asked = replicas.map(|(cluster, turn)| self.ask(&request, cluster, turn));
        match race_ok(asked).await {
            Ok(answer) => {
                request.set_header("x-token", answer.body())?;
                Ok(Flow::Continue)
            }
            Err(error) => {
                log::warn!("nobody has a token: {error}");
                Ok(Flow::reply(503, "nobody has a token"))
            }
        }
    }
}

impl HedgeCall {
    async fn ask(
        &self,
        request: &Request<Self>,
        cluster: &str,
        turn: u64,
    ) -> Result<Answer, Error> {
        if turn > 0 {
            let later = Duration::from_millis(self.milliseconds.saturating_mul(turn));
            request.sleep(later).await?;
        }
        let answer = request.call(Call::get(cluster, "/token")).await?;
        match answer.status() {
            200 => Ok(answer),
            status => Err(Error::other(format!("{cluster} answered {status}"))),
        }
    }
}

meshwright::main!(HedgeCall: OnRequest, Callouts, Timers);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Fault, Host, Reply};

    use super::*;

    const SLOW: Duration = Duration::from_millis(400);

    fn host(host: Host, first: Reply, second: Reply) -> Host {
        let configuration =
            serde_json::json!({"clusters": ["first", "second"], "milliseconds": 50});
        let host = host.configuration(configuration);
        host.cluster("first", first).cluster("second", second)
    }

    fn token(exchange: &Exchange) -> Option<&str> {
        exchange.upstream().header("x-token")
    }

    fn asked(exchange: &Exchange) -> Vec<&str> {
        let calls = exchange.calls.iter();
        calls.map(|call| call.cluster.as_str()).collect()
    }

    #[meshwright::test(HedgeCall, envoy)]
    fn who_answers_soon_is_asked_alone(host: Host) {
        let answers = |token| Reply::new(200).body(token);
        let exchange = self::host(host, answers("1"), answers("2")).send(ClientRequest::get("/"));
        assert_eq!(token(&exchange), Some("1"));
        assert_eq!(asked(&exchange), ["first"]);
    }

    #[meshwright::test(HedgeCall, envoy)]
    fn who_is_slow_is_overtaken_and_the_late_answer_comes_to_nobody(host: Host) {
        let slow = Reply::new(200).body("1").after(SLOW);
        let host = self::host(host, slow, Reply::new(200).body("2"));
        // The late answer to the first comes while the others wait.
        let exchanges = host.send_all(vec![ClientRequest::get("/"); 10]);
        for exchange in exchanges {
            assert_eq!(token(&exchange), Some("2"));
            assert_eq!(asked(&exchange), ["first", "second"]);
        }
    }

    #[meshwright::test(HedgeCall, envoy)]
    fn who_is_slow_wins_when_the_other_fails(host: Host) {
        let slow = Reply::new(200).body("1").after(SLOW);
        let exchange = self::host(host, slow, Reply::new(500)).send(ClientRequest::get("/"));
        assert_eq!(token(&exchange), Some("1"));
    }

    #[meshwright::test(HedgeCall, envoy)]
    fn when_all_fail_the_request_does_not_pass(host: Host) {
        let host = self::host(host, Reply::new(404), Reply::fault(Fault::Refused));
        let exchange = host.send(ClientRequest::get("/"));
        assert_eq!(exchange.response.status, 503);
        assert!(exchange.upstream.is_empty());
        assert!(exchange.logged("second answered 503"));
    }
}
