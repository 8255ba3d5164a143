//! Counts exchanges by their status, as metrics with a label, and logs one of so many.

use std::time::SystemTime;

use meshwright::metrics::{Counter, Gauge, Histogram};
use meshwright::prelude::*;
use meshwright::{labels, time};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// One of so many is logged.
    sample: u64,
}

struct CountStatuses {
    sample: u64,
    exchanges: Counter<1>,
    bytes: Histogram<1>,
    last: Gauge<1>,
}

impl Filter for CountStatuses {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        if config.sample == 0 {
            return Err(ConfigError::new("/sample", "one of at least one is logged"));
        }
        Ok(Self {
            sample: config.sample,
            exchanges: Counter::new("exchanges_total", labels!["status"]),
            bytes: Histogram::new("response_bytes", labels!["status"]),
            last: Gauge::new("last_exchange_seconds", labels!["status"]),
        })
    }
}

impl OnLog for CountStatuses {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        let status = entry.status()?.to_string();
        self.exchanges.increment([&status])?;
        let headers = entry.response_headers()?;
        let bytes = headers.get("content-length").map(<[u8]>::to_vec);
        let bytes = Value::from(bytes.unwrap_or_default());
        if let Some(Ok(bytes)) = bytes.to_str().map(str::parse) {
            self.bytes.record([&status], bytes)?;
        }
        let now = time::now()?.duration_since(SystemTime::UNIX_EPOCH);
        self.last
            .set([&status], now.unwrap_or_default().as_secs())?;
        if entry.random().is_multiple_of(self.sample) {
            log::info!("answered {status}");
        }
        Ok(())
    }
}

meshwright::main!(CountStatuses: OnLog);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host, Reply};

    use super::*;

    fn exchanges(host: Host, sample: u64) -> Vec<Exchange> {
        let host = host.configuration(serde_json::json!({"sample": sample}));
        let host = host.upstream(Reply::new(404));
        host.send_all(vec![ClientRequest::get("/"); 20])
    }

    #[meshwright::test(CountStatuses, envoy)]
    fn one_of_one_is_each(host: Host) {
        let exchanges = exchanges(host, 1);
        assert!(exchanges.iter().all(|it| it.logged("answered 404")));
    }

    #[meshwright::test(CountStatuses, envoy)]
    fn one_of_very_many_is_none(host: Host) {
        let exchanges = exchanges(host, u64::MAX);
        assert!(!exchanges.iter().any(|it| it.logged("answered 404")));
    }
}
