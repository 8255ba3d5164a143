//! The command line: one file per verb.
//!
//! Exit codes: 0 all is well, 1 an expectation failed (or something is missing, for `doctor`; a token would be refused, for
//! `jwt inspect`), 2 usage or configuration.

mod build;
mod check;
mod config;
mod doctor;
mod inspect;
mod jwt;
mod new;
mod observe;
mod record;
mod run;
mod test;
mod trace;
mod wasm_test;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::engine::{CALLBACK_LIMIT, EngineOptions};
use crate::profile::Profile;

/// Where modules are looked for.
#[derive(Debug, Args)]
struct Modules {
    /// The folder of the filters' modules [default: where `build` puts them, target/wasm].
    #[arg(long, value_name = "DIR")]
    wasm_dir: Option<PathBuf>,
}

/// How host-runner's own engine is to differ from Envoy's; a real Envoy is left as it is.
#[derive(Debug, Args)]
struct EngineFlags {
    /// The host to play: what it lacks, modules lack.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// An import that may be missing, such as env.foo: a call of it traps. May be given several times.
    #[arg(long, value_name = "MODULE.NAME")]
    stub_import: Vec<String>,
    /// After how long a callback is interrupted; 0 is never, as in Envoy.
    #[arg(long, value_name = "SECONDS", default_value_t = CALLBACK_LIMIT.as_secs())]
    callback_limit: u64,
}

/// Runs Proxy-Wasm filters as Envoy does: live, in tests, and side by side with a real Envoy.
#[derive(Debug, Parser)]
#[command(name = "host-runner", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::New),
    Run(run::Run),
    Check(check::Check),
    Test(test::Test),
    Observe(observe::Observe),
    Trace(trace::Trace),
    Record(record::Record),
    Config(config::Config),
    Build(build::Build),
    Inspect(inspect::Inspect),
    Jwt(jwt::Jwt),
    WasmTest(wasm_test::WasmTest),
    Doctor(doctor::Doctor),
}

// === impl Modules ===

impl Modules {
    /// Where `host-runner build` puts them, unless another folder was named.
    fn folder(&self) -> PathBuf {
        self.wasm_dir.clone().unwrap_or_else(|| {
            let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
            PathBuf::from(target).join("wasm")
        })
    }
}

// === impl EngineFlags ===

impl EngineFlags {
    fn options(&self) -> EngineOptions {
        let limit = Duration::from_secs(self.callback_limit);
        EngineOptions {
            profile: self.profile,
            stub_imports: self.stub_import.clone(),
            callback_limit: (!limit.is_zero()).then_some(limit),
            ..EngineOptions::default()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// How a verb ended when nothing went wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    /// What was asked for does not hold.
    Failed,
    /// What a program says that was run.
    Code(u8),
}

/// Parses the command line, runs the verb, prints what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::New(verb) => verb.run(),
        Verb::Run(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Observe(verb) => verb.run(),
        Verb::Trace(verb) => verb.run(),
        Verb::Record(verb) => verb.run(),
        Verb::Config(verb) => verb.run(),
        Verb::Build(verb) => verb.run(),
        Verb::Inspect(verb) => verb.run(),
        Verb::Jwt(verb) => verb.run(),
        Verb::WasmTest(verb) => verb.run(),
        Verb::Doctor(verb) => verb.run(),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        // Whoever read the output has seen enough (`| head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
