//! Denies the clients on a list that the plugin fetches when it starts, and then again and again. Requests that come before
//! the first list wait for it, but not for long: then they are denied, because nobody could judge them.

use std::collections::HashSet;
use std::time::Duration;

use meshwright::Latest;
use meshwright::prelude::*;

struct FetchedBlocklist {
    cluster: String,
    blocked: Latest<HashSet<String>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    cluster: String,
}

const FRESH: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(5);

impl Filter for FetchedBlocklist {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self {
            cluster: config.cluster,
            blocked: Latest::new(),
        })
    }
}

impl OnStart for FetchedBlocklist {
    async fn on_start(&self, root: Root<Self>) -> Result<(), Error> {
        loop {
            let answer = root.call(Call::get(&self.cluster, "/blocked.json")).await?;
            let next = match serde_json::from_slice(answer.body()) {
                Ok(list) => {
                    self.blocked.set(list);
                    FRESH
                }
                Err(error) => {
                    log::warn!(
                        "{} answers no list ({error}); the old one stays",
                        self.cluster
                    );
                    RETRY
                }
            };
            root.sleep(next).await?;
        }
    }
}

impl OnRequest for FetchedBlocklist {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let client = request.header("x-client")?.unwrap_or_default();
        let blocked = async { Ok(self.blocked.wait().await) };
        let blocked = request.within(PATIENCE, blocked).await?;
        match client
            .to_str()
            .is_some_and(|client| blocked.contains(client))
        {
            true => Ok(Flow::reply(403, "blocked")),
            false => Ok(Flow::Continue),
        }
    }
}

meshwright::main!(FetchedBlocklist: OnStart, OnRequest, Callouts, Timers);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host, Reply};

    use super::*;

    #[meshwright::test(FetchedBlocklist, envoy)]
    fn without_a_list_nobody_passes(host: Host) {
        let configuration = serde_json::json!({"cluster": "lists"});
        let host = host
            .configuration(configuration)
            .cluster("lists", Reply::new(404));
        assert_eq!(host.send(ClientRequest::get("/")).response.status, 500);
    }

    #[meshwright::test(FetchedBlocklist, envoy)]
    fn clients_on_the_list_are_denied(host: Host) {
        let configuration = serde_json::json!({"cluster": "lists"});
        let list = Reply::new(200).body(r#"["mallory"]"#);
        let host = host.configuration(configuration).cluster("lists", list);
        let client = |name: &str| ClientRequest::get("/").header("x-client", name);
        let exchanges = host.send_all([client("alice"), client("mallory")]);
        let statuses = exchanges.iter().map(|it| it.response.status);
        assert_eq!(statuses.collect::<Vec<_>>(), [200, 403]);
    }
}
