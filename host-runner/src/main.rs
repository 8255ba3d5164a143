//! The command line of host-runner.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_runner::cli::main()
}
