//! Small random changes of a text, where a parser is likely to trip.

use fastrand::Rng;

use super::pick;

/// Up to three bytes inserted, replaced or left out; what is inserted comes from `from`.
pub(super) fn edited(random: &mut Rng, text: &[u8], from: &[&str]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..random.u8(1..4) {
        let start = random.usize(..=text.len());
        let end = text.len().min(start + random.usize(..2));
        let inserted = if random.u8(..3) == 0 {
            ""
        } else {
            pick(random, from)
        };
        text.splice(start..end, inserted.bytes());
    }
    text
}
