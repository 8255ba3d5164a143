//! The forms of signatures and keys that others want or send.

use policy_signature::{Curve, Key, Scheme, ecdsa_der};

use crate::signers::{PAIRS, Pair};

fn p256() -> &'static Pair {
    let pair = |pair: &&Pair| pair.key.curve() == Some(Curve::P256);
    PAIRS.iter().find(pair).unwrap()
}

/// Rule J37.
#[test]
fn halves_of_any_length_become_the_canonical_signature() {
    let signature = p256().sign(b"text");
    let (r, s) = signature.split_at(32);
    let padded = [&[0; 5], r, &[0; 5], s].concat();
    let with_odd_byte = [&signature, &[0xff][..]].concat();
    for lax in [&signature, &padded, &with_odd_byte] {
        let canonical = Curve::P256.canonical_signature(lax).unwrap();
        assert_eq!(canonical, signature);
    }
}

#[test]
fn halves_too_short_are_padded() {
    let canonical = Curve::P384.canonical_signature(&[1, 2]).unwrap();
    assert_eq!(canonical.len(), 96);
    assert_eq!((canonical[47], canonical[95]), (1, 2));
    assert_eq!(Curve::P521.canonical_signature(&[]).unwrap(), [0; 132]);
}

#[test]
fn halves_too_large_for_the_curve_have_no_canonical_form() {
    assert_eq!(Curve::P256.canonical_signature(&[1; 66]), None);
}

/// Rule J37: r = s = 0 is refused.
#[test]
fn zeros_are_no_signature() {
    let pair = p256();
    assert!(pair.key.verify(pair.scheme, b"text", &[0; 64]).is_err());
}

/// X.690 section 8.3: shortest form, and a zero before a first bit that is set.
#[test]
fn a_signature_in_der_is_two_integers() {
    let der = ecdsa_der(&[0, 0x80, 0, 0x7f]).unwrap();
    assert_eq!(der, [0x30, 7, 2, 2, 0, 0x80, 2, 1, 0x7f]);
    assert_eq!(ecdsa_der(&[0, 0]).unwrap(), [0x30, 6, 2, 1, 0, 2, 1, 0]);
}

#[test]
fn a_signature_in_der_is_what_others_make_of_it() {
    let signature = p256().sign(b"text");
    let theirs = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    assert_eq!(ecdsa_der(&signature).unwrap(), theirs.to_der().as_bytes());
}

#[test]
fn only_keys_that_envoy_can_verify_with_have_a_subject_public_key_info() {
    for pair in PAIRS.iter() {
        let has_one = pair.key.subject_public_key_info().is_some();
        let is_known = !matches!(pair.scheme, Scheme::EdDsa | Scheme::Hmac(_));
        assert_eq!(has_one, is_known);
    }
}

#[test]
fn only_ec_keys_have_a_curve() {
    assert_eq!(p256().key.curve(), Some(Curve::P256));
    assert_eq!(Key::hmac(b"x").unwrap().curve(), None);
}
