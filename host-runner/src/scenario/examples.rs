//! The cases of a scenario file as requests for people to send themselves: what `run` prints.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::client::{ClientRequest, Protocol};
use super::group::Opening;
use super::load::Loader;
use super::run::request;
use super::suite::MeshLoader;

/// A case: what it shows, and the request of its first step.
#[derive(Debug, Clone)]
pub struct Example {
    /// The name of the case.
    pub shows: String,
    /// The request, with tokens as good (or bad) as they are meant to be at `now`.
    pub request: ClientRequest,
}

/// A request as a `curl` command for a POSIX shell.
#[derive(Debug, Clone, Copy)]
pub struct Curl<'a> {
    request: &'a ClientRequest,
    address: &'a str,
}

/// Reads the cases of a scenario file, with times relative to `now` (seconds since the epoch).
///
/// # Errors
/// As loading the file for a test run.
pub fn read(
    path: &Path,
    wasm_dir: &Path,
    mesh_loader: &MeshLoader<'_>,
    address: &str,
    now: i64,
) -> anyhow::Result<Vec<Example>> {
    let mut loader = Loader {
        wasm_dir,
        mesh_loader,
        modules: HashMap::new(),
    };
    let group = loader.load(path, "examples")?;
    let names = group.tokens.names(address.to_owned(), now)?;
    let examples = group.cases.iter().map(|case| {
        let step = case.steps.first().context("a case has a step")?;
        let Opening::Request(model) = &step.opening else {
            bail!("`{}` makes a connection, which is no example", case.name);
        };
        Ok(Example {
            shows: case.name.clone(),
            request: request(model, &names)?,
        })
    });
    examples.collect()
}

// === impl Example ===

impl Example {
    /// The command that sends it to `address`.
    #[must_use]
    pub fn curl<'a>(&'a self, address: &'a str) -> Curl<'a> {
        Curl {
            request: &self.request,
            address,
        }
    }
}

// === impl Curl ===

impl fmt::Display for Curl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.request;
        write!(f, "curl -si")?;
        if request.protocol == Protocol::Http2 {
            write!(f, " --http2-prior-knowledge")?;
        }
        if request.method != http::Method::GET {
            write!(f, " -X {}", request.method)?;
        }
        write!(f, " -H {}", quoted(&format!("host: {}", request.authority)))?;
        for (name, value) in &request.headers {
            write!(
                f,
                " -H {}",
                quoted(&format!(
                    "{name}: {}",
                    String::from_utf8_lossy(value.as_bytes())
                ))
            )?;
        }
        if !request.body.is_empty() {
            write!(
                f,
                " --data-raw {}",
                quoted(&String::from_utf8_lossy(&request.body))
            )?;
        }
        write!(
            f,
            " {}",
            quoted(&format!("http://{}{}", self.address, request.path))
        )
    }
}

// Within single quotes a POSIX shell changes nothing; only a single quote must be written outside of them.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(quoted("http://127.0.0.1:80/a"), "http://127.0.0.1:80/a");
        assert_eq!(quoted("a b'c"), r"'a b'\''c'");
        assert_eq!(quoted("/a?b=$c"), "'/a?b=$c'");
    }
}
