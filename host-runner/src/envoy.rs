//! A real Envoy as a subject: finding or installing one, configuring it from listeners, running it, reading it.
//! It is the oracle that host-runner is judged by, so nothing here imitates or repairs what Envoy does.

mod admin;
pub mod bootstrap;
mod connection_manager;
mod guard;
pub mod install;
pub mod locate;
mod log;
mod plugin;
pub mod process;
mod run_files;

pub use bootstrap::{BootstrapOptions, bootstrap, to_yaml};
pub use locate::{Located, Origin};
pub use process::{Envoy, EnvoyOptions};

/// The Envoy that host-runner behaves as, and the one `doctor --fix` installs.
pub const VERSION: &str = "1.40.0";
