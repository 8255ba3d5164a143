//! Asks two services about a user at once, and gives both a time together; the request carries on what they said.

use std::time::Duration;

use meshwright::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AskBoth {
    milliseconds: u64,
}

impl OnRequest for AskBoth {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let user = request.header("x-user")?.unwrap_or_default();
        let ask = |cluster| request.call(Call::get(cluster, "/").header("x-user", &user));
        let both = try_join(ask("plan"), ask("quota"));
        let limit = Duration::from_millis(self.milliseconds);
        match request.within(limit, both).await {
            Ok((plan, quota)) => {
                request.set_header("x-plan", plan.body())?;
                request.set_header("x-quota", quota.body())?;
                Ok(Flow::Continue)
            }
            Err(Error::TimedOut) => Ok(Flow::reply(504, "they take too long")),
            Err(error) => Err(error),
        }
    }
}

meshwright::main!(AskBoth: OnRequest, Callouts, Timers);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn ask(host: Host, plan: u64, quota: u64) -> Exchange {
        let host = host.configuration(serde_json::json!({"milliseconds": 1000}));
        let after = |milliseconds, body: &str| {
            let reply = Reply::new(200).body(body);
            reply.after(Duration::from_millis(milliseconds))
        };
        let host = host.cluster("plan", after(plan, "free"));
        let host = host.cluster("quota", after(quota, "7"));
        host.send(ClientRequest::get("/").header("x-user", "me"))
    }

    #[meshwright::test(AskBoth, envoy)]
    fn both_are_asked_at_once(host: Host) {
        // One after the other they would take too long.
        let exchange = ask(host, 600, 601);
        assert_eq!(exchange.upstream().header("x-plan"), Some("free"));
        assert_eq!(exchange.upstream().header("x-quota"), Some("7"));
        let users = exchange.calls.iter().map(|call| call.header("x-user"));
        assert_eq!(users.collect::<Vec<_>>(), [Some("me"), Some("me")]);
    }

    #[meshwright::test(AskBoth, envoy)]
    fn one_that_is_late_is_waited_for_no_longer(host: Host) {
        let exchange = ask(host, 0, 1500);
        assert_eq!(exchange.response.status, 504);
        assert!(exchange.upstream.is_empty());
    }
}
