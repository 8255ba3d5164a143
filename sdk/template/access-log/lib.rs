//! Logs failed exchanges.

use meshwright::prelude::*;

/// What is logged.
#[meshwright::config]
struct {{ type }} {
    /// The least status that counts as a failure.
    at_least: u16,
}

impl OnLog for {{ type }} {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        let status = entry.status()?;
        if status >= self.at_least {
            let request = RequestHead::new(entry.request_headers()?);
            let path = request.path().unwrap_or_default().escape_ascii();
            log::warn!("{status} for {path}");
        }
        Ok(())
    }
}

meshwright::main!({{ type }}: OnLog);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};
    use serde_json::json;

    use super::*;

    fn answered(host: Host, status: u16) -> Exchange {
        let host = host.configuration(json!({"at_least": 500}));
        let host = host.upstream(Reply::new(status));
        host.send(ClientRequest::get("/books?page=1"))
    }

    #[meshwright::test({{ type }}, envoy)]
    fn a_failure_is_logged(host: Host) {
        assert!(answered(host, 503).logged("503 for /books"));
    }

    #[meshwright::test({{ type }}, envoy)]
    fn the_others_are_not(host: Host) {
        assert!(!answered(host, 404).logged("for /books"));
    }

    #[test]
    fn the_schema_is_up_to_date() {
        meshwright::testing::assert_schema::<{{ type }}>("configuration.schema.json");
    }
}
