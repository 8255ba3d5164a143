//! Lets so many requests pass in a while, on all workers together; the others are answered 429, or `RESOURCE_EXHAUSTED` to
//! clients of gRPC.

use std::time::{Duration, SystemTime};

use meshwright::Shared;
use meshwright::prelude::*;

/// There were too many in this while.
const TOO_MANY: StaticReply = StaticReply::new(429, "too_many_requests")
    .body("slowly, please")
    .grpc(8);

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
            false => Ok(TOO_MANY.into()),
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

    #[meshwright::test(RateLimit, envoy)]
    fn clients_of_grpc_are_told_in_their_own_words(host: Host) {
        let host = host.configuration(serde_json::json!({"requests": 0, "seconds": 3600}));
        let request = ClientRequest::post("/books.Books/List", "asked");
        let response = host
            .send(request.header("content-type", "application/grpc"))
            .response;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("grpc-status"), Some("8"));
        assert_eq!(response.header("grpc-message"), Some("slowly, please"));
        assert_eq!(response.body, "");
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
