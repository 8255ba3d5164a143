//! A request on the command line, in curl's words, as a scenario of one case.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// What to send; the names are curl's.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// Send one request for that path to the mesh.
    #[arg(long, value_name = "PATH")]
    get: Option<String>,
    /// Its method [default: GET, or POST with a body].
    #[arg(short = 'X', long = "request", value_name = "METHOD", requires = "get")]
    method: Option<String>,
    /// A header, as `name: value`; may be given several times.
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        requires = "get"
    )]
    headers: Vec<String>,
    /// Its body.
    #[arg(short, long, value_name = "BODY", requires = "get")]
    data: Option<String>,
    /// Send it over HTTP/2.
    #[arg(long, requires = "get")]
    http2: bool,
}

// === impl Request ===

impl Request {
    pub(super) fn is_given(&self) -> bool {
        self.get.is_some()
    }

    /// A folder with that scenario in the file `request.yaml`, there as long as the value is.
    pub(super) fn scenario(&self, mesh: &Path) -> anyhow::Result<TempDir> {
        let scenario = json!({
            "mesh": mesh,
            "cases": [{"name": "request", "request": self.model()?, "expect": {}}],
        });
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("request.yaml"), scenario.to_string())?;
        Ok(folder)
    }

    fn model(&self) -> anyhow::Result<Value> {
        let mut headers = Map::new();
        let mut request = Map::new();
        for header in &self.headers {
            let (name, value) = header.split_once(':').with_context(|| {
                format!("`-H {header}`: expected `name: value`, found no colon")
            })?;
            let (name, value) = (name.trim().to_lowercase(), value.trim());
            if name == "host" {
                request.insert("authority".into(), value.into());
                continue;
            }
            let values = headers.entry(name).or_insert_with(|| json!([]));
            if let Some(values) = values.as_array_mut() {
                values.push(value.into());
            }
        }
        let default = if self.data.is_some() { "POST" } else { "GET" };
        let protocol = if self.http2 { "http2" } else { "http1" };
        request.insert(
            "method".into(),
            self.method.as_deref().unwrap_or(default).into(),
        );
        request.insert("path".into(), self.get.clone().into());
        request.insert("protocol".into(), protocol.into());
        request.insert("headers".into(), headers.into());
        if let Some(body) = &self.data {
            request.insert("body".into(), body.as_str().into());
        }
        Ok(request.into())
    }
}
