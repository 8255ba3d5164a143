//! Our `jwt-auth` held against Envoy's native `jwt_authn`: the same configuration and the same bytes of a request, and
//! what the client and the upstream saw compared line by line.
//!
//! Cases by rule are in `jwt_diff/cases`; `generate` makes more from a grammar. What we mean to do otherwise is listed in
//! `deviations`, and nothing else may differ.

pub mod case;
pub mod deviations;
pub mod exchange;
pub mod generate;
pub mod keyring;
pub mod native;
pub mod outcome;
pub mod report;
pub mod run;
pub mod shrink;
pub mod subjects;
pub mod template;
pub mod token;
pub mod written;

use self::case::Setup;
use self::keyring::Keyring;
use crate::root;

/// All cases by rule, and about `count` generated ones.
///
/// # Errors
/// When a file cannot be read.
pub fn setups(seed: u64, count: usize) -> anyhow::Result<Vec<Setup>> {
    let keys = Keyring::read(&root().join("tests/keys"))?;
    let mut setups = written::read(&root().join("tests/jwt_diff/cases"), &keys)?;
    setups.extend(generate::generate(seed, count, &keys)?);
    Ok(setups)
}
