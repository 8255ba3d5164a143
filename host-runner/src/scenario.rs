//! Scenario files: requests, a scripted upstream and expectations, run on any number of subjects.
//! The format is described in `docs/scenarios.md`.

pub mod agree;
pub(crate) mod bless;
mod budget;
mod cases;
mod check;
pub mod client;
mod clock;
pub mod examples;
mod expect;
mod group;
mod headers;
mod load;
mod matcher;
mod model;
pub mod run;
pub mod suite;
mod talk;
pub mod template;
mod tokens;

pub use self::agree::disagreement;
pub use self::run::{Outcome, PluginCost, PluginLine};
pub(crate) use self::suite::Job;
pub use self::suite::{MeshLoader, Suite};

#[cfg(test)]
mod tests;
