//! Writes a line of JSON for each exchange: who asked for what, what came of it, how long it took, and how much it was.

use std::time::Duration;

use meshwright::prelude::*;
use meshwright::{Property, properties as of};
use serde_json::json;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonAccessLog {
    /// Faster exchanges are not logged.
    #[serde(default)]
    at_least_milliseconds: u64,
}

impl OnLog for JsonAccessLog {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        let took = entry.get(of::REQUEST_DURATION)?.map(milliseconds);
        if took.unwrap_or_default() < self.at_least_milliseconds {
            return Ok(());
        }
        // What is absent is null.
        let line = json!({
            "method": text(&entry, of::REQUEST_METHOD)?,
            "host": text(&entry, of::REQUEST_HOST)?,
            "path": text(&entry, of::REQUEST_PATH)?,
            "status": entry.get(of::RESPONSE_CODE)?,
            "details": text(&entry, of::RESPONSE_CODE_DETAILS)?,
            "milliseconds": took,
            "upstream_milliseconds": entry.get(of::RESPONSE_BACKEND_LATENCY)?.map(milliseconds),
            "received": entry.get(of::REQUEST_SIZE)?,
            "sent": entry.get(of::RESPONSE_SIZE)?,
            "client": entry.get(of::SOURCE_ADDRESS)?,
            "upstream": entry.get(of::UPSTREAM_ADDRESS)?,
        });
        log::info!("{line}");
        Ok(())
    }
}

fn text(entry: &LogEntry<JsonAccessLog>, of: Property<Value>) -> Result<Option<String>, Error> {
    let value = entry.get(of)?;
    Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

meshwright::main!(JsonAccessLog: OnLog);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn logged(host: Host, at_least: u64) -> Exchange {
        let host = host.configuration(json!({"at_least_milliseconds": at_least}));
        let host = host.upstream(Reply::new(201).body("hello"));
        host.send(ClientRequest::post("/books?page=1", "a body"))
    }

    #[meshwright::test(JsonAccessLog, envoy)]
    fn a_line_says_who_what_and_how_much(host: Host) {
        let exchange = logged(host, 0);
        let mut lines = exchange.logs.iter();
        let line = lines.find_map(|it| serde_json::from_str::<serde_json::Value>(&it.message).ok());
        let line = line.unwrap();
        assert_eq!(line["method"], "POST");
        assert_eq!(line["path"], "/books?page=1");
        assert_eq!(line["status"], 201);
        assert_eq!(line["details"], "via_upstream");
        assert_eq!(line["received"], 6);
        assert_eq!(line["sent"], 5);
        assert!(line["milliseconds"].is_u64(), "{line}");
        assert!(line["upstream_milliseconds"].is_u64(), "{line}");
        assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert!(line["upstream"].as_str().unwrap().starts_with("127.0.0.1:"));
    }

    #[meshwright::test(JsonAccessLog, envoy)]
    fn what_is_fast_is_not_logged(host: Host) {
        assert!(!logged(host, 3_600_000).logged("method"));
    }
}
