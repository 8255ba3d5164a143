//! Refuses bodies that are too large: how large they may be is said for all, and otherwise for some routes and hosts.

use meshwright::PerRoute;
use meshwright::prelude::*;

/// How large a body may be.
#[meshwright::config]
struct Limits {
    /// In bytes.
    bytes: usize,
}

struct LimitBody {
    limits: PerRoute<Limits>,
}

impl Filter for LimitBody {
    type Config = PerRoute<Limits>;

    fn new(limits: PerRoute<Limits>) -> Result<Self, ConfigError> {
        Ok(Self { limits })
    }
}

impl OnRequest for LimitBody {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let limits = self.limits.of(&request)?;
        // One that is larger is an error, which is answered 413.
        request.read_body(limits.bytes).await?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(LimitBody: OnRequest, RequestBody);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Host};
    use serde_json::json;

    use super::*;

    // Of a body of three bytes, sent to each of these hosts.
    fn statuses<const N: usize>(host: Host, to: [&str; N]) -> Vec<u16> {
        let host = host.configuration(json!({
            "bytes": 2,
            "routes": {"upload": {"bytes": 3}},
            "hosts": {"files.example.com": {"bytes": 3}, "*.example.com": {"bytes": 1}, "*.big.example.com": {"bytes": 4}},
        }));
        let requests = to.map(|to| ClientRequest::post("/", "abc").authority(to));
        let exchanges = host.send_all(requests);
        exchanges.iter().map(|it| it.response.status).collect()
    }

    #[meshwright::test(LimitBody, envoy)]
    fn hosts_have_limits_of_their_own(host: Host) {
        let to = [
            "else.example",
            "FILES.example.com:8080",
            "a.example.com",
            "a.big.example.com",
        ];
        assert_eq!(statuses(host, to), [413, 200, 413, 200]);
    }

    #[meshwright::test(LimitBody, envoy)]
    fn a_route_comes_before_the_host(host: Host) {
        assert_eq!(statuses(host.route("upload"), ["a.example.com"]), [200]);
    }

    #[meshwright::test(LimitBody, envoy)]
    fn another_route_has_what_all_have(host: Host) {
        assert_eq!(statuses(host.route("download"), ["else.example"]), [413]);
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<LimitBody>("configuration.schema.json");
    }
}
