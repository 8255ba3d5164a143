//! What holds of every text, whoever signs it.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::signers::PAIRS;

proptest! {
    #[test]
    fn what_was_signed_verifies(pair: Index, text: Vec<u8>) {
        let pair = pair.get(&PAIRS);
        prop_assert!(pair.key.verify(pair.scheme, &text, &pair.sign(&text)).is_ok());
    }

    #[test]
    fn no_bit_of_a_signature_can_change(pair: Index, text: Vec<u8>, bit: Index) {
        let pair = pair.get(&PAIRS);
        let mut signature = pair.sign(&text);
        flip(&mut signature, bit);
        prop_assert!(pair.key.verify(pair.scheme, &text, &signature).is_err());
    }

    #[test]
    fn no_bit_of_a_text_can_change(
        pair: Index,
        mut text in prop::collection::vec(any::<u8>(), 1..200),
        bit: Index,
    ) {
        let pair = pair.get(&PAIRS);
        let signature = pair.sign(&text);
        flip(&mut text, bit);
        prop_assert!(pair.key.verify(pair.scheme, &text, &signature).is_err());
    }

    #[test]
    fn no_bytes_can_be_missing_or_added(pair: Index, text: Vec<u8>, more: u8, length: Index) {
        let pair = pair.get(&PAIRS);
        let signature = pair.sign(&text);
        let longer = [signature.as_slice(), &[more]].concat();
        let shorter = &signature[..length.index(signature.len())];
        prop_assert!(pair.key.verify(pair.scheme, &text, &longer).is_err());
        prop_assert!(pair.key.verify(pair.scheme, &text, shorter).is_err());
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(pair: Index, text: Vec<u8>, signature: Vec<u8>) {
        let pair = pair.get(&PAIRS);
        prop_assert!(pair.key.verify(pair.scheme, &text, &signature).is_err());
    }

    /// RFC 8725 section 3.1: a signature of one kind is none of another, whatever the header says.
    #[test]
    fn a_key_verifies_by_its_own_schemes_only(signer: Index, other: Index, text: Vec<u8>) {
        let (signer, other) = (signer.get(&PAIRS), other.get(&PAIRS));
        let verdict = signer.key.verify(other.scheme, &text, &signer.sign(&text));
        prop_assert_eq!(verdict.is_ok(), other.scheme == signer.scheme);
    }
}

fn flip(bytes: &mut [u8], bit: Index) {
    let bit = bit.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}
