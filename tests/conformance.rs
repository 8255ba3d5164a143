//! The conformance engine: one probe module runs a script of raw hostcalls, on host-runner and on a real Envoy, and what
//! it logged, what the client saw and what the upstream received is compared line by line.
//!
//! The scripts are in `conformance/scripts`, one file for each group of rules; what Envoy said to them is kept in
//! `conformance/golden`, so that host-runner can be judged in seconds.

pub mod client;
pub mod generate;
pub mod golden;
pub mod grpc;
pub mod observe;
pub mod report;
pub mod rules;
pub mod script;
pub mod stage;
pub mod suite;
pub mod upstream;
pub mod verdict;

pub use observe::Transcript;
pub use script::{Group, Script};
pub use stage::{Host, Stage};
pub use suite::Suite;
pub use verdict::Verdict;
