//! Runs the module on `host-runner`, or on an Envoy that it starts: as a scenario of which nothing is expected, so that
//! the test judges what came of it.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Setting;
use super::exchange::{ClientRequest, Exchange, Fault, Reply};
use super::talk::{Conversation, Talk};

/// What `host-runner observe` prints of a case.
#[derive(Deserialize)]
struct Observed<T> {
    steps: Vec<T>,
    error: Option<String>,
}

pub(super) fn run(
    on: (&str, &Path, &str),
    setting: &Setting,
    requests: &[ClientRequest],
) -> Result<Vec<Exchange>, String> {
    let steps = requests.iter().map(|request| step(setting, request));
    observe(on, setting, &steps.collect::<Vec<_>>())
}

pub(super) fn talk(
    on: (&str, &Path, &str),
    setting: &Setting,
    talk: &Talk,
) -> Result<Conversation, String> {
    let step = connection(setting, talk);
    let conversations = observe(on, setting, &[step])?;
    let first = conversations.into_iter().next();
    first.ok_or_else(|| "nothing came of the connection".to_owned())
}

fn observe<T: DeserializeOwned>(
    (package, folder, on): (&str, &Path, &str),
    setting: &Setting,
    steps: &[Value],
) -> Result<Vec<T>, String> {
    let manifest = folder.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let module = module(package, &manifest)?;
    let scenario = scenario(&module, setting, steps);
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = temporary.path().join("test.yaml");
    std::fs::write(&file, scenario.to_string()).map_err(|error| error.to_string())?;
    let folder = module.parent().unwrap_or(Path::new("."));
    let printed = host_runner(&[
        "observe",
        "--on",
        on,
        "--wasm-dir",
        &folder.to_string_lossy(),
        &file.to_string_lossy(),
    ])?;
    let observed: Observed<T> = serde_json::from_str(&printed)
        .map_err(|error| format!("host-runner printed what is no outcome: {error}\n{printed}"))?;
    match observed.error {
        None => Ok(observed.steps),
        Some(error) => Err(format!("on {on}: {error}")),
    }
}

// Where the package's module is, once it is up to date.
fn module(package: &str, manifest: &str) -> Result<PathBuf, String> {
    let printed = host_runner(&["build", package, "--manifest-path", manifest])?;
    // A table, of which the first column is the path.
    let name = format!("{package}.wasm");
    let path = printed.lines().find_map(|line| {
        let (path, _) = line.split_once(&name)?;
        Some(format!("{}{name}", path.trim_start()))
    });
    let path =
        path.ok_or_else(|| format!("host-runner does not say where {name} is:\n{printed}"))?;
    std::path::absolute(path).map_err(|error| error.to_string())
}

fn host_runner(arguments: &[&str]) -> Result<String, String> {
    let program = program();
    let output = Command::new(&program).args(arguments).output();
    let output = output.map_err(|error| {
        format!(
            "cannot run `{}`: {error}; install host-runner, or say in HOST_RUNNER where it is",
            program.display()
        )
    })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "`{} {}` failed:\n{}",
            program.display(),
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

// The one that is named, or the workspace's own, beside the folder of test programs, or the one in `PATH`.
fn program() -> PathBuf {
    if let Some(named) = env::var_os("HOST_RUNNER") {
        return named.into();
    }
    let test = env::current_exe().unwrap_or_default();
    let beside = test.ancestors().skip(1).take(3);
    let mut beside = beside.map(|folder| folder.join("host-runner"));
    beside
        .find(|program| program.is_file())
        .unwrap_or_else(|| "host-runner".into())
}

fn scenario(module: &Path, setting: &Setting, steps: &[Value]) -> Value {
    let name = module.file_stem().unwrap_or_default().to_string_lossy();
    let mut scenario = json!({
        "plugins": [{"module": name, "configuration": setting.configuration}],
        "cases": [{"name": "test", "steps": steps}],
    });
    let Some(fields) = scenario.as_object_mut() else {
        return scenario;
    };
    if let Some(clock) = setting.clock {
        let clock = Timestamp::try_from(clock).unwrap_or_default();
        fields.insert("clock".to_owned(), json!(clock.to_string()));
    }
    if let Some(name) = &setting.route {
        let routes = json!([{"name": name, "cluster": "upstream"}]);
        fields.insert("routes".to_owned(), routes);
    }
    scenario
}

fn step(setting: &Setting, request: &ClientRequest) -> Value {
    let mut sent = json!({
        "method": request.method,
        "path": request.path,
        "authority": request.authority,
        "headers": headers(&request.headers),
    });
    if let Some(sent) = sent.as_object_mut().filter(|_| !request.body.is_empty()) {
        sent.insert("body".to_owned(), json!(request.body));
    }
    if let Some(sent) = sent.as_object_mut().filter(|_| request.is_http2) {
        sent.insert("protocol".to_owned(), json!("http2"));
    }
    json!({
        "request": sent,
        "upstream": answer(&setting.upstream),
        "calls": calls(setting),
        "expect": {},
    })
}

fn connection(setting: &Setting, talk: &Talk) -> Value {
    let pieces = talk.pieces.iter().map(|piece| bytes(piece));
    json!({
        "connection": {"says": pieces.collect::<Vec<_>>()},
        "upstream": {"greeting": bytes(&talk.greeting), "body": bytes(&talk.answer)},
        "calls": calls(setting),
        "expect": {},
    })
}

fn calls(setting: &Setting) -> Map<String, Value> {
    let calls = setting.clusters.iter();
    let calls = calls.map(|(name, reply)| (name.clone(), answer(reply)));
    calls.collect()
}

// A scenario's text for any bytes.
fn bytes(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    match bytes {
        b"" => String::new(),
        _ => format!("{{{{hex:{}}}}}", digits.collect::<String>()),
    }
}

fn answer(reply: &Reply) -> Value {
    let fault = reply.fault.map(|fault| match fault {
        Fault::Refused => "refused",
        Fault::Silent => "silent",
        Fault::Reset => "reset",
    });
    match (fault, &reply.grpc) {
        (Some(fault), None) => json!({"fault": fault}),
        (fault, Some(grpc)) => json!({
            "fault": fault,
            "grpc": {
                "messages": grpc.messages.iter().map(|message| bytes(message)).collect::<Vec<_>>(),
                "status": grpc.code,
                "text": grpc.text,
            },
            "after": format!("{}ms", reply.after.as_millis()),
        }),
        (None, None) => json!({
            "status": reply.status,
            "headers": headers(&reply.headers),
            "body": reply.body,
            "after": format!("{}ms", reply.after.as_millis()),
        }),
    }
}

// By name, each with its values.
fn headers(headers: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        by_name
            .entry(name.as_str())
            .or_default()
            .push(value.as_str());
    }
    by_name
}
