//! `host-runner observe`: what comes of the requests of scenario files, for programs to judge.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::test::On;
use super::{EngineFlags, Modules, Outcome};
use crate::mesh::Mesh;
use crate::scenario::{Outcome as StepOutcome, Suite};
use crate::upstream::Received;

/// Run scenario files on one subject and print what came of each step as JSON; nothing is expected of it.
#[derive(Debug, Args)]
pub(super) struct Observe {
    /// Scenario files, or folders that hold them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to run them on.
    #[arg(long, value_enum, default_value_t = On::Runner)]
    on: On,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    engine: EngineFlags,
}

// === impl Observe ===

impl Observe {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let modules = self.modules.folder();
        let mesh_loader = |mesh: &Path| Mesh::read(mesh)?.listener(&modules);
        let suite = Suite::load(&self.paths, &modules, &mesh_loader)?;
        let subjects = self.on.start(&suite, &self.engine.options())?;
        let [subject] = subjects.as_slice() else {
            bail!("say one subject to observe; `test` compares several");
        };
        for case in suite.case_names() {
            let (steps, error) = suite.observe(&case, subject);
            let steps: Vec<Value> = match suite.is_of_connections(&case) {
                true => steps.iter().map(conversation).collect(),
                false => steps.iter().map(step).collect(),
            };
            println!("{}", json!({"case": case, "steps": steps, "error": error}));
        }
        Ok(Outcome::Fine)
    }
}

// Of a connection, as bytes.
fn conversation(outcome: &StepOutcome) -> Value {
    json!({
        "client": outcome.response.body,
        "upstream": outcome.upstream.first().map(|received| &received.body),
        "calls": outcome.calls.iter().map(received).collect::<Vec<_>>(),
        "logs": logs(outcome),
    })
}

fn step(outcome: &StepOutcome) -> Value {
    let response = &outcome.response;
    json!({
        "response": {
            "status": response.status,
            "headers": headers(&response.headers),
            "body": text(&response.body),
            "trailers": headers(&response.trailers),
        },
        "upstream": outcome.upstream.iter().map(received).collect::<Vec<_>>(),
        "calls": outcome.calls.iter().map(received).collect::<Vec<_>>(),
        "logs": logs(outcome),
    })
}

fn logs(outcome: &StepOutcome) -> Vec<Value> {
    let logs = outcome.logs.iter().map(|line| {
        json!({"plugin": line.plugin, "level": line.line.level, "message": line.line.message})
    });
    logs.collect()
}

fn received(received: &Received) -> Value {
    json!({
        "cluster": received.cluster,
        "method": received.method,
        "path": received.path,
        "authority": text(&received.authority),
        "headers": headers(&received.headers),
        "body": text(&received.body),
        "messages": received.messages,
        "trailers": headers(&received.trailers),
    })
}

fn headers(headers: &[(String, Vec<u8>)]) -> Vec<(&str, String)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect()
}

// JSON has no bytes: what is no UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
