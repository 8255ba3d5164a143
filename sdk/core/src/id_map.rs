//! Maps whose keys are ids that the host has given out itself, so that nobody can choose them to collide: hashed by one
//! multiplication, because every callback of every stream looks some up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by such an id.
pub type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Hashes the numbers of an id.
#[derive(Debug, Clone, Copy, Default)]
pub struct IdHasher(u64);

/// 2^64 divided by the golden ratio: consecutive ids come to lie far from each other (Knuth, volume 3, section 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

// === impl IdHasher ===

impl Hasher for IdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(SPREAD);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    // A map takes its place from the low bits and a tag from the high ones: each gets some of both.
    #[inline]
    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_ids_are_kept_apart() {
        let mut map = IdMap::default();
        map.extend((0..10_000_u32).map(|id| (id, id)));
        assert!((0..10_000).all(|id| map.get(&id) == Some(&id)));
        let places = (0..1024_u32).map(|id| {
            let mut hasher = IdHasher::default();
            hasher.write_u32(id);
            hasher.finish() % 1024
        });
        let places: std::collections::BTreeSet<_> = places.collect();
        assert!(places.len() > 512, "{}", places.len());
    }
}
