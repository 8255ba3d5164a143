//! Gives requests a token that all workers share; when it is old, one of them fetches a new one, and the others take the old.

use std::time::{Duration, SystemTime};

use meshwright::prelude::*;
use meshwright::{Lease, Shared};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedToken {
    cluster: String,
    /// How long a token is good for.
    seconds: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Token {
    text: String,
    until: SystemTime,
}

impl OnRequest for SharedToken {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let shared = Shared::new("token");
        let mut token: Option<Token> = shared.get()?;
        let now = request.now()?;
        if token.as_ref().is_none_or(|token| token.until <= now) {
            // Where fetching fails nobody tries again before the lease is over.
            let lease = Lease::new("fetch-token", Duration::from_secs(10));
            if let Some(held) = lease.take()?
                && let Some(text) = self.fetch(&request).await?
            {
                let until = now.checked_add(Duration::from_secs(self.seconds));
                let until = until.unwrap_or(now);
                shared.set(token.insert(Token { text, until }))?;
                held.give_back()?;
            }
        }
        match token {
            Some(token) => request.set_header("x-token", token.text)?,
            None => return Ok(Flow::reply(503, "there is no token yet")),
        }
        Ok(Flow::Continue)
    }
}

impl SharedToken {
    async fn fetch(&self, request: &Request<Self>) -> Result<Option<String>, Error> {
        let answer = request.call(Call::get(&self.cluster, "/token")).await?;
        let text = String::from_utf8(answer.body().to_vec()).ok();
        Ok(text.filter(|_| answer.status() == 200))
    }
}

meshwright::main!(SharedToken: OnRequest, Callouts);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn two_requests(host: Host, reply: Reply, seconds: u64) -> [Exchange; 2] {
        let configuration = serde_json::json!({"cluster": "tokens", "seconds": seconds});
        let host = host.configuration(configuration).cluster("tokens", reply);
        let exchanges = host.send_all(["/a", "/b"].map(ClientRequest::get));
        exchanges.try_into().unwrap()
    }

    #[meshwright::test(SharedToken, envoy)]
    fn a_token_is_fetched_once_and_shared(host: Host) {
        let [first, second] = two_requests(host, Reply::new(200).body("abc"), 60);
        assert_eq!((first.calls.len(), second.calls.len()), (1, 0));
        assert_eq!(first.upstream().header("x-token"), Some("abc"));
        assert_eq!(second.upstream().header("x-token"), Some("abc"));
    }

    #[meshwright::test(SharedToken, envoy)]
    fn one_that_is_old_is_fetched_again(host: Host) {
        let [first, second] = two_requests(host, Reply::new(200).body("abc"), 0);
        assert_eq!((first.calls.len(), second.calls.len()), (1, 1));
    }

    #[meshwright::test(SharedToken, envoy)]
    fn while_one_has_the_lease_the_others_do_not_fetch(host: Host) {
        let [first, second] = two_requests(host, Reply::new(500), 60);
        assert_eq!((first.calls.len(), second.calls.len()), (1, 0));
        assert_eq!((first.response.status, second.response.status), (503, 503));
    }
}
