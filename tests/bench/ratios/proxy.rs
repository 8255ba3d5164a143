//! Requests a second through `host-runner run` and through Envoy, with the same mesh: jwt-auth, authz and ab-router.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;
use host_runner::token::SigningKey;

use crate::PROXY_TARGET;
use crate::rounds::{Better, Rounds};
use crate::subject::{LOAD_CORE, Running, SUBJECT_CORE, host_runner, on_core};
use crate::{token, upstream, wrk};

const ROUNDS: usize = 7;
const SECONDS: u32 = 2;

/// A mesh being served.
struct Served {
    _process: Running,
    url: String,
}

pub(crate) fn measure(modules: &Path) -> anyhow::Result<Vec<Rounds>> {
    let folder = tempfile::tempdir()?;
    let program = host_runner(folder.path())?;
    let (_upstream, address) =
        started(on_core(LOAD_CORE, &std::env::current_exe()?).arg(upstream::ARGUMENT))?;
    let key = SigningKey::read_pem(Path::new("tests/keys/rsa.pem"))?;
    let mesh = folder.path().join("mesh.yaml");
    std::fs::write(&mesh, mesh_text(&key, address.trim())?)?;
    let runner = serve(&program, "runner", &mesh, modules)?;
    let envoy = serve(&program, "envoy", &mesh, modules)?;
    let token = format!("Authorization: Bearer {}", token::mint(&key, 0)?);
    let rows = [
        ("three filters, a token", vec![token]),
        ("three filters, no token", Vec::new()),
    ];
    let measured = rows.into_iter().map(|(name, headers)| {
        let headers = [vec!["Host: reviews".to_owned()], headers].concat();
        let mut rounds = Rounds {
            question: format!("`run` on one core, {name}"),
            unit: "requests/s",
            runner: Vec::new(),
            envoy: Vec::new(),
            better: Better::More,
            target: Some(PROXY_TARGET),
        };
        // The first round warms both up.
        for round in 0..=ROUNDS {
            let ours = wrk::requests_per_second(&runner.url, &headers, SECONDS)?;
            let theirs = wrk::requests_per_second(&envoy.url, &headers, SECONDS)?;
            if round > 0 {
                rounds.runner.push(ours);
                rounds.envoy.push(theirs);
            }
        }
        Ok(rounds)
    });
    measured.collect()
}

fn serve(program: &Path, on: &str, mesh: &Path, modules: &Path) -> anyhow::Result<Served> {
    let mut command = on_core(SUBJECT_CORE, program);
    command.arg("run").arg(mesh).args(["--on", on]);
    let (process, welcome) = started(command.arg("--wasm-dir").arg(modules))?;
    let address = welcome
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_once(' '));
    let (address, _) = address.with_context(|| format!("no address in `{welcome}`"))?;
    Ok(Served {
        _process: process,
        url: format!("http://{address}/reviews/0?page=2"),
    })
}

// A process, and the first line that it says.
fn started(command: &mut std::process::Command) -> anyhow::Result<(Running, String)> {
    let mut process = Running::start(command)?;
    let mut line = String::new();
    let stdout = process.0.stdout.as_mut().context("a piped output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((process, line))
}

fn mesh_text(key: &SigningKey, upstream: &str) -> anyhow::Result<String> {
    let jwks = serde_json::json!({"keys": [key.to_jwk("bench")?]});
    let text = include_str!("mesh.yaml")
        .replace("{issuer}", token::ISSUER)
        .replace("{jwks}", &jwks.to_string())
        .replace("{upstream}", upstream);
    Ok(text)
}
