//! What the authenticator promises, one claim per test, grouped as in the rules J1-J59.
#![expect(
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may fail the test"
)]

mod additions;
mod checks;
mod compat;
mod configuration;
mod curves;
mod explain;
mod keys;
mod lax_json;
mod locations;
mod outputs;
mod parsing;
mod properties;
mod proxy_crypto;
mod remotes;
mod removal;
mod replies;
mod several_rules;
mod signatures;
mod signers;
mod support;
mod vectors;
