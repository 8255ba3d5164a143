//! Cases from a grammar, for looking where nobody thought of looking. The same seed always gives the same cases, but for
//! signatures with salt and the time of day.

mod edits;
mod json;
mod keys;
mod locations;
mod places;
mod rules;
mod tokens;

use fastrand::Rng;

use super::case::Setup;
use super::keyring::Keyring;

/// Requests of one configuration.
const REQUESTS: usize = 20;

/// About so many cases: as many each about tokens, JSON, keys, locations, places and rules.
///
/// # Errors
/// When the grammar names a key that there is not.
pub fn generate(seed: u64, count: usize, keys: &Keyring) -> anyhow::Result<Vec<Setup>> {
    let families = [
        tokens::setup,
        json::setup,
        keys::setup,
        locations::setup,
        places::setup,
        rules::setup,
    ];
    let mut random = Rng::with_seed(seed);
    let numbers = 0..count.div_ceil(REQUESTS);
    let setups = numbers
        .zip(families.iter().cycle())
        .map(|(number, family)| {
            let mut setup = family(&mut random, keys)?;
            setup.name = format!("generated {number} {}", setup.name);
            Ok(setup)
        });
    setups.collect()
}

fn pick<'a, T>(random: &mut Rng, from: &'a [T]) -> &'a T {
    let index = random.usize(..from.len().max(1));
    from.get(index).unwrap_or_else(|| pick(random, from))
}

/// Once in `times`.
fn once_in(random: &mut Rng, times: u32) -> bool {
    random.u32(..times) == 0
}

fn maybe<'a, T>(random: &mut Rng, times: u32, from: &'a [T]) -> Option<&'a T> {
    once_in(random, times).then(|| pick(random, from))
}
