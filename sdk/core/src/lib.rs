//! The vocabulary that filters, policies and hosts share: headers, request heads, verdicts, errors.
//!
//! Everything here is pure: no hostcalls, no clock, no I/O, no globals. A policy takes a [`RequestHead`]
//! (and whatever else it needs, as values) and returns a [`Verdict`]; the SDK enacts it.

pub mod authority;
pub mod config;
pub mod headers;
pub mod id_map;
pub mod path;
pub mod reply;
pub mod request;
pub mod state;
pub mod verdict;

pub use config::ConfigError;
pub use headers::Headers;
pub use reply::{LocalReply, StaticReply};
pub use request::RequestHead;
pub use verdict::{Effects, HeaderEdit, Reason, Verdict};
