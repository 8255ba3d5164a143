//! Lets so many requests pass in a while, on all workers together; the others are answered 429.

use std::time::{Duration, SystemTime};

use meshwright::Shared;
use meshwright::prelude::*;

/// Lets so many requests pass in a while.
#[meshwright::config]
struct RateLimit {
    /// How many.
    requests: u32,
    /// In how many seconds.
    seconds: u64,
}

/// How many requests there were in the window that began then.
#[derive(serde::Serialize, serde::Deserialize)]
struct Window {
    began: SystemTime,
    requests: u32,
}

impl OnRequest for RateLimit {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let now = request.now()?;
        let window = Shared::new("rate-limit").update(|window| self.count(window, now))?;
        match window.requests <= self.requests {
            true => Ok(Flow::Continue),
            false => Ok(Flow::reply(429, "slowly, please")),
        }
    }
}

impl RateLimit {
    fn count(&self, window: Option<Window>, now: SystemTime) -> Window {
        let length = Duration::from_secs(self.seconds);
        let is_open = |window: &Window| window.began + length > now;
        let open = window.filter(is_open);
        let Window { began, requests } = open.unwrap_or(Window {
            began: now,
            requests: 0,
        });
        let requests = requests.saturating_add(1);
        Window { began, requests }
    }
}

meshwright::main!(RateLimit: OnRequest);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};

    use super::*;

    #[meshwright::test(RateLimit, envoy)]
    fn the_third_of_two_is_too_many(host: Host) {
        let host = host.configuration(serde_json::json!({"requests": 2, "seconds": 3600}));
        let exchanges = host.send_all(["/a", "/b", "/c"].map(ClientRequest::get));
        let statuses = exchanges.iter().map(|it| it.response.status);
        assert_eq!(statuses.collect::<Vec<_>>(), [200, 200, 429]);
    }

    #[test]
    fn a_new_window_begins_empty() {
        let limit = RateLimit {
            requests: 2,
            seconds: 1,
        };
        let began = SystemTime::UNIX_EPOCH;
        let full = Window { began, requests: 9 };
        let later = began + Duration::from_secs(1);
        assert_eq!(limit.count(Some(full), later).requests, 1);
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<RateLimit>("configuration.schema.json");
    }
}
