//! Google's vectors against implementations that are too lax or too strict: what they call valid is accepted, and nothing
//! else. `--nocapture` prints the counts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken set of vectors fails the test"
)]

mod ecdsa;
mod eddsa;
mod mac;
mod rsa;
mod tally;
