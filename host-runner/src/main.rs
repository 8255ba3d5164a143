//! The command line of host-runner.

fn main() {}
