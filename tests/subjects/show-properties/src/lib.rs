//! Logs every property of the table in every phase, as its type. The table says which is there when; its tests say the
//! same of all three hosts.

use std::fmt::Debug;

use meshwright::prelude::*;
use meshwright::properties::{self, Visitor, filter_state, request_header, response_header};
use meshwright::{FromProperty, Property};

struct ShowProperties {
    at_start: Vec<String>,
}

/// Where a property is read.
enum From<'a> {
    Start,
    Request(&'a Request<ShowProperties>),
    Response(&'a Response<ShowProperties>),
    Log(&'a LogEntry<ShowProperties>),
}

/// A line of each property.
struct Lines<'a> {
    from: From<'a>,
    lines: Vec<String>,
}

impl Filter for ShowProperties {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        let at_start = Lines::of(From::Start);
        Ok(Self { at_start })
    }
}

impl OnRequest for ShowProperties {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        request.set_state("mine", "1234")?;
        show(&self.at_start);
        show(&Lines::of(From::Request(&request)));
        Ok(Flow::Continue)
    }
}

impl OnResponse for ShowProperties {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        show(&Lines::of(From::Response(&response)));
        Ok(Flow::Continue)
    }
}

impl OnLog for ShowProperties {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        show(&Lines::of(From::Log(&entry)));
        Ok(())
    }
}

meshwright::main!(ShowProperties: OnRequest, OnResponse, OnLog);

fn show(lines: &[String]) {
    lines.iter().for_each(|line| log::info!("{line}"));
}

impl<'a> Lines<'a> {
    fn of(from: From<'a>) -> Vec<String> {
        let lines = Vec::new();
        let mut all = Self { from, lines };
        properties::visit(&mut all);
        all.line("x-a", request_header("X-A"));
        all.line("x-b", response_header("x-b"));
        all.line("mine", filter_state::<u64>("wasm.mine"));
        all.lines
    }

    fn line<T: FromProperty + Debug, P: AsRef<[u8]>>(
        &mut self,
        name: &str,
        property: Property<T, P>,
    ) {
        let (phase, value) = match self.from {
            From::Start => ("start", properties::get(property)),
            From::Request(request) => ("request", request.get(property)),
            From::Response(response) => ("response", response.get(property)),
            From::Log(entry) => ("log", entry.get(property)),
        };
        self.lines.push(match value {
            Ok(Some(value)) => format!("{phase} {name} {value:?}"),
            Ok(None) => format!("{phase} {name} absent"),
            Err(error) => format!("{phase} {name} failed: {error}"),
        });
    }
}

impl Visitor for Lines<'_> {
    fn visit<T: FromProperty + Debug>(&mut self, name: &'static str, property: Property<T>) {
        self.line(name, property);
    }
}

#[cfg(test)]
mod tests {
    use meshwright::properties::TABLE;
    use meshwright::testing::{ClientRequest, Host, Reply};

    use super::*;

    fn lines(host: Host) -> Vec<String> {
        let request = ClientRequest::post("/books?page=1", "a body")
            .header("referer", "/")
            .header("user-agent", "test")
            .header("x-a", "1")
            .header("x-a", "2");
        let reply = Reply::new(201).body("hello").header("x-b", "3");
        let exchange = host.upstream(reply).send(request);
        let lines = exchange.logs.into_iter();
        lines.map(|line| line.message).collect()
    }

    // What a line says of a property in a phase.
    fn said<'a>(lines: &'a [String], phase: &str, name: &str) -> &'a str {
        let mut said = lines.iter();
        let said = said.find_map(|line| line.strip_prefix(&format!("{phase} {name} ")));
        said.unwrap_or_default()
    }

    #[meshwright::test(ShowProperties, envoy)]
    fn each_is_there_when_the_table_says_so_and_of_its_type(host: Host) {
        let lines = lines(host);
        let mut wrong = Vec::new();
        for row in TABLE {
            for phase in ["start", "request", "response", "log"] {
                let said = said(&lines, phase, row.name);
                let is_there = said != "absent";
                // There is no TLS, no metadata, and nobody closes a connection.
                let expected = row.when.is_none() && row.phases.contains(&phase);
                if said.is_empty() || said.starts_with("failed") || is_there != expected {
                    wrong.push(format!("{phase} {} {said}", row.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[meshwright::test(ShowProperties, envoy)]
    fn what_a_request_decides_is_the_same_everywhere(host: Host) {
        let lines = lines(host);
        for line in [
            r#"request REQUEST_PATH "/books?page=1""#,
            r#"request REQUEST_URL_PATH "/books""#,
            r#"request REQUEST_QUERY "page=1""#,
            r#"request REQUEST_HOST "example.com""#,
            r#"request REQUEST_SCHEME "http""#,
            r#"request REQUEST_METHOD "POST""#,
            r#"request REQUEST_USERAGENT "test""#,
            r#"request REQUEST_REFERER "/""#,
            r#"request REQUEST_PROTOCOL "HTTP/1.1""#,
            "request REQUEST_SIZE 6",
            "request CONNECTION_MTLS false",
            "request UPSTREAM_REQUEST_ATTEMPT_COUNT 0",
            "request UPSTREAM_NUM_ENDPOINTS 1",
            "request XDS_LISTENER_DIRECTION 0",
            r#"request x-a "1,2""#,
            "request mine 1234",
            "request RESPONSE_HEADERS []",
            "response REQUEST_HEADERS []",
            "response REQUEST_SIZE 6",
            "response RESPONSE_CODE 201",
            r#"response RESPONSE_CODE_DETAILS "via_upstream""#,
            "response RESPONSE_GRPC_STATUS 2",
            "response UPSTREAM_REQUEST_ATTEMPT_COUNT 1",
            r#"response x-b "3""#,
            "response x-a absent",
            "response mine 1234",
            "log RESPONSE_CODE 201",
            "log RESPONSE_SIZE 5",
            "log RESPONSE_FLAGS 0",
            r#"log REQUEST_METHOD "POST""#,
            r#"log x-a "1,2""#,
            r#"log x-b "3""#,
        ] {
            assert!(lines.iter().any(|it| it == line), "{line}: {lines:#?}");
        }
    }
}
