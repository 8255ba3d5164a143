//! What the crate promises beside the vectors of others.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests may fail the test"
)]

mod forms;
mod keys;
mod padding;
mod properties;
mod rfc;
mod signers;
