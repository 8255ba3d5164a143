//! Logs the bodies of failed responses, up to a kilobyte of each, without digits: card and account numbers stay secret.

use meshwright::prelude::*;

const LIMIT: usize = 1024;

struct RedactLog;

impl Filter for RedactLog {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnResponse for RedactLog {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        let status = response.status()?;
        if status < 500 {
            return Ok(Flow::Continue);
        }
        let mut logged = Vec::new();
        let mut chunks = response.chunks();
        // Each part goes on when the next is asked for: nothing is held.
        while let Some(chunk) = chunks.next().await? {
            let room = LIMIT.saturating_sub(logged.len());
            logged.extend(chunk.iter().take(room).map(redact));
        }
        log::warn!("{status}: {}", logged.escape_ascii());
        Ok(Flow::Continue)
    }
}

fn redact(byte: &u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'#',
        other => *other,
    }
}

meshwright::main!(RedactLog: OnResponse, ResponseBody);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn answered(host: Host, reply: Reply) -> Exchange {
        host.upstream(reply).send(ClientRequest::get("/"))
    }

    #[meshwright::test(RedactLog, envoy)]
    fn a_failure_is_logged_without_its_numbers_and_passes_as_it_is(host: Host) {
        let body = "no money on 4711-0815";
        let exchange = answered(host, Reply::new(503).body(body));
        assert_eq!(exchange.response.body, body);
        assert!(
            exchange.logged("503: no money on ####-####"),
            "{exchange:#?}"
        );
    }

    #[meshwright::test(RedactLog, envoy)]
    fn what_is_large_is_cut(host: Host) {
        let body = "a".repeat(3 * LIMIT);
        let exchange = answered(host, Reply::new(500).body(body.clone()));
        assert_eq!(exchange.response.body, body);
        assert!(exchange.logged(&"a".repeat(LIMIT)));
        assert!(!exchange.logged(&"a".repeat(LIMIT + 1)));
    }

    #[meshwright::test(RedactLog, envoy)]
    fn successes_are_not_logged(host: Host) {
        assert!(!answered(host, Reply::new(200).body("1")).logged("200"));
    }
}
